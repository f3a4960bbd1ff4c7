import type { ClientOutcome } from '../../clients/index.ts'
import { type Client, clientName, isPublic } from '../../domain/client.ts'
import { Problem } from '../../domain/problem.ts'
import { initialOf } from '../application.ts'
import { clientFrom, clientSegment } from '../client-segment.ts'
import { queryValue, seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { momentOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { type Action, askFirst, type Frame, paged } from './frame.ts'
import { endpointsOf } from './overview.ts'

const perPage = 50

export interface ClientPages {
  readonly list: SignedInHandler
  readonly show: SignedInHandler
  readonly disable: Action
  readonly enable: Action
}

/** The applications that may ask who somebody is. Those declared elsewhere are shown and not changed. */
export function createClientPages(deps: AppDependencies, frame: Frame): ClientPages {
  const { clients, settings, web } = deps
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)

  async function clientOf({ ctx }: SignedIn): Promise<Client> {
    const client = await clients.find(clientFrom(ctx.params.client))
    if (client === undefined) throw new Problem('not-found')
    return client
  }

  async function list(page: SignedIn): Promise<void> {
    const t = translate(page)
    const after = queryValue(page.ctx, 'after')
    const { items, next } = await clients.list({ limit: perPage, ...(after === undefined ? {} : { after }) })
    frame(page, {
      view: 'clients',
      place: 'clients',
      values: {
        clients: items.map((client) => lineOf(client, t)),
        pager: paged(page, '/admin/clients', next),
      },
    })
  }

  async function show(page: SignedIn): Promise<void> {
    const t = translate(page)
    const { language } = page.ctx.state
    const client = await clientOf(page)
    const { metadata } = client
    frame(page, {
      view: 'client',
      place: 'clients',
      title: clientName(client),
      values: {
        client: lineOf(client, t),
        endpoints: endpointsOf(settings.issuer),
        redirectUris: metadata.redirect_uris ?? [],
        logoutUris: metadata.post_logout_redirect_uris ?? [],
        grants: metadata.grant_types ?? ['authorization_code'],
        method: metadata.token_endpoint_auth_method ?? 'client_secret_basic',
        firstParty: client.firstParty,
        groups: client.allowedGroups,
        createdAt: client.origin === 'store' ? momentOf(client.createdAt, language) : undefined,
        secrets: client.secrets.map(({ id, createdAt, expiresAt }) => ({
          id,
          createdAt: createdAt === 0 ? undefined : momentOf(createdAt, language),
          expiresAt: expiresAt === undefined ? undefined : momentOf(expiresAt, language),
        })),
        declared: client.origin !== 'store',
      },
    })
  }

  function action(
    name: 'disable' | 'enable',
    act: (id: string, page: SignedIn) => Promise<ClientOutcome>,
  ): Action {
    return {
      async ask(page) {
        const t = translate(page)
        const client = await clientOf(page)
        if (client.origin !== 'store') throw new Problem('conflict')
        askFirst(frame, t, page, {
          ...{ place: 'clients', name, path: pathOf(client) },
          values: { application: clientName(client) },
          danger: name === 'disable',
        })
      },
      async do(page) {
        const outcome = await act(clientFrom(page.ctx.params.client), page)
        if (outcome.status === 'unknown') throw new Problem('not-found')
        if (outcome.status === 'declared') throw new Problem('conflict')
        seeOther(page.ctx, pathOf(outcome.client))
      },
    }
  }

  return {
    list,
    show,
    disable: action('disable', (id, page) => clients.disable(id, actorOf(page))),
    enable: action('enable', (id, page) => clients.enable(id, actorOf(page))),
  }
}

export function pathOf({ id }: Pick<Client, 'id'>): string {
  return `/admin/clients/${clientSegment(id)}`
}

function lineOf(client: Client, t: Translate) {
  const name = clientName(client)
  return {
    id: client.id,
    name,
    initial: initialOf(name),
    logo: undefined,
    href: pathOf(client),
    kind: t(`admin:clients.kinds.${isPublic(client) ? 'public' : 'confidential'}`),
    origin: t(`admin:clients.origins.${client.origin}`),
    enabled: client.state === 'enabled',
  }
}
