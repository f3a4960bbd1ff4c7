import type { Consent } from '../../domain/consent.ts'
import { type Application, applicationOf, initialOf, sourcesOf } from '../application.ts'
import { clientFrom, clientSegment } from '../client-segment.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { momentOf } from '../moments.ts'
import { actorOf, type SignedInHandler } from '../session.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

/** What the person allowed applications, and taking it back. */
export function createApplicationPages(
  deps: AppDependencies,
  portal: Portal,
): { readonly show: SignedInHandler; readonly withdraw: SignedInHandler } {
  const { consents, clients, web } = deps

  return {
    async show(page) {
      const { ctx, identity } = page
      const t = web.words.translate(ctx.state.language)
      const allowed = await consents.list(identity.id)
      const known = await Promise.all(allowed.map(({ clientId }) => clients.find(clientId)))
      const applications = allowed.map((consent, index) => ({
        application: shownAs(known[index], consent.clientId),
        knows: sentences(consent, t),
        since: momentOf(consent.grantedAt, ctx.state.language),
        action: `/account/applications/${clientSegment(consent.clientId)}/withdraw`,
      }))
      portal(page, {
        view: 'applications',
        place: 'applications',
        sources: {
          images: known.flatMap((client) => (client === undefined ? [] : (sourcesOf(client).images ?? []))),
        },
        values: { applications, notice: noticeOf(ctx, t, 'applications', ['withdrawn']) },
      })
    },

    async withdraw(page) {
      const { ctx, identity } = page
      await consents.withdraw(identity.id, clientFrom(ctx.params.client), actorOf(page))
      seeOther(ctx, '/account/applications?done=withdrawn')
    },
  }
}

function shownAs(
  client: Parameters<typeof applicationOf>[0] | undefined,
  id: string,
): Pick<Application, 'name' | 'initial' | 'logo'> {
  return client === undefined ? { name: id, initial: initialOf(id), logo: undefined } : applicationOf(client)
}

/** The words of the consent page, so that people find again what they agreed to. */
function sentences({ scopes, claims, resources }: Consent, t: Translate): readonly string[] {
  const said = (kind: 'scopes' | 'claims', name: string) => {
    const key = `consent.${kind}.${name}`
    const text = t(key)
    return text === key ? t(`consent.${kind}.other`, { name }) : text
  }
  const elsewhere = Object.values(resources).flat()
  return [
    ...scopes.map((name) => said('scopes', name)),
    ...claims.map((name) => said('claims', name)),
    ...elsewhere.map((name) => t('consent.scopes.other', { name })),
  ]
}
