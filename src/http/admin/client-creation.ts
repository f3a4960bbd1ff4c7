import type { ClientDraft } from '../../clients/index.ts'
import { clientName } from '../../domain/client.ts'
import type { Form } from '../../ports/factor.ts'
import type { AppDependencies } from '../dependencies.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { pathOf } from './clients.ts'
import type { Frame } from './frame.ts'
import { endpointsOf } from './overview.ts'

/** A new application: the form, and the only page that ever shows its secret. */
export function createClientCreation(
  deps: AppDependencies,
  frame: Frame,
): { readonly form: SignedInHandler; readonly create: SignedInHandler } {
  const { clients, settings, web } = deps

  function form(page: SignedIn, typed: Form = {}, reasons: readonly string[] = []): void {
    const t = web.words.translate(page.ctx.state.language)
    page.ctx.state.page = '/admin/clients/new'
    frame(page, {
      view: 'client-new',
      place: 'clients',
      title: t('admin:clients.new.title'),
      status: reasons.length === 0 ? 200 : 422,
      values: { typed, kind: typed.kind ?? 'confidential', reasons },
    })
  }

  return {
    form: (page) => form(page),
    async create(page) {
      const { ctx } = page
      const t = web.words.translate(ctx.state.language)
      const created = await clients.create(draftOf(ctx.state.form), actorOf(page))
      if (created.status === 'refused') return form(page, ctx.state.form, created.reasons)
      const { client, secret } = created
      frame(page, {
        view: 'client-created',
        place: 'clients',
        title: t('admin:clients.created.title', { application: clientName(client) }),
        status: 201,
        values: {
          heading: t('admin:clients.created.title', { application: clientName(client) }),
          id: client.id,
          secret,
          endpoints: endpointsOf(settings.issuer),
          redirectUris: client.metadata.redirect_uris ?? [],
          href: pathOf(client),
        },
      })
    },
  }
}

/** Field by field: nothing else that a form may hold becomes part of a client (S38). */
function draftOf({ name = '', redirect_uris = '', kind, first_party }: Form): ClientDraft {
  const uris = redirect_uris
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return {
    metadata: {
      client_name: name.trim(),
      redirect_uris: uris,
      grant_types: ['authorization_code', 'refresh_token'],
    },
    public: kind === 'public',
    firstParty: first_party !== undefined,
  }
}
