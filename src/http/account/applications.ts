import { Problem } from '../../domain/problem.ts'
import type { Instant } from '../../domain/time.ts'
import { type Application, applicationOf, initialOf, safeAddress, sourcesOf } from '../application.ts'
import { clientFrom, clientSegment } from '../client-segment.ts'
import { type PermissionGroup, permissionGroups } from '../consent-words.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { type Moment, momentsOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { type Allowed, allowedBy } from './allowed.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

export interface ApplicationPages {
  readonly list: SignedInHandler
  readonly show: SignedInHandler
  readonly narrow: SignedInHandler
  readonly withdraw: SignedInHandler
}

interface AllowedShown {
  readonly application: Pick<Application, 'name' | 'initial' | 'logo' | 'unverified' | 'policy' | 'terms'>
  readonly href: string
  readonly groups: readonly PermissionGroup[]
  /** Ours: nobody was asked. */
  readonly firstParty: boolean
  /** It can act while the person is away. */
  readonly offline: boolean
  readonly since: Moment | undefined
  readonly until: Moment | undefined
  readonly given: { readonly at: Moment; readonly groups: readonly PermissionGroup[] } | undefined
}

/**
 * What the person allowed applications, what those were last given, and taking it back, one by one or as a whole. Taking back only takes away: it asks
 * for no new sign-in.
 */
export function createApplicationPages(deps: AppDependencies, portal: Portal): ApplicationPages {
  const { consents, settings, web } = deps
  const resourceName = (indicator: string) => settings.resources?.[indicator]?.name ?? indicator

  function shown(
    { clientId, client, consent, names, given }: Allowed,
    t: Translate,
    moment: (at: Instant) => Moment,
  ): AllowedShown {
    const groups = (of: readonly string[]) => permissionGroups(of, t, resourceName)
    return {
      application: client === undefined ? removed(clientId) : applicationOf(client),
      href: pathOf(clientId),
      groups: groups(names),
      firstParty: client?.firstParty === true,
      offline: names.includes('offline_access'),
      since: consent && moment(consent.grantedAt),
      until: consent && moment(consent.expiresAt),
      given: given && { at: moment(given.at), groups: groups(given.names) },
    }
  }

  async function of({ ctx, identity }: SignedIn): Promise<Allowed> {
    const clientId = clientFrom(ctx.params.client)
    const found = (await allowedBy(deps, identity.id)).find((one) => one.clientId === clientId)
    if (found === undefined) throw new Problem('not-found')
    return found
  }

  const done = ['withdrawn', 'narrowed', 'gone']

  return {
    async list(page) {
      const { ctx, identity } = page
      const t = web.words.translate(ctx.state.language)
      const allowed = await allowedBy(deps, identity.id)
      portal(page, {
        view: 'applications',
        place: 'applications',
        sources: { images: imagesOf(allowed) },
        values: {
          applications: allowed.map((one) => shown(one, t, momentsOf(page))),
          notice: noticeOf(ctx, t, 'applications', done),
        },
      })
    },

    async show(page) {
      const t = web.words.translate(page.ctx.state.language)
      const allowed = await of(page)
      const one = shown(allowed, t, momentsOf(page))
      portal(page, {
        view: 'application',
        place: 'applications',
        title: one.application.name,
        sources: { images: imagesOf([allowed]) },
        values: {
          ...one,
          fixed: allowed.consent === undefined ? allowed.names : ['openid'],
          notice: noticeOf(page.ctx, t, 'applications', done),
        },
      })
    },

    async narrow(page) {
      const { ctx, identity } = page
      const clientId = clientFrom(ctx.params.client)
      const name = ctx.state.form.withdraw ?? ''
      // Another person's is as unknown as one that was taken back already (S38).
      const narrowed = await consents.narrow(identity.id, clientId, [name], actorOf(page))
      const still = (await consents.get(identity.id, clientId)) !== undefined
      const place = still ? pathOf(clientId) : '/account/applications'
      seeOther(ctx, `${place}?done=${narrowed ? 'narrowed' : 'gone'}`)
    },

    async withdraw(page) {
      const { ctx, identity } = page
      await consents.withdraw(identity.id, clientFrom(ctx.params.client), actorOf(page))
      seeOther(ctx, '/account/applications?done=withdrawn')
    },
  }
}

function pathOf(clientId: string): string {
  return `/account/applications/${clientSegment(clientId)}`
}

/** One that the people who run the service took out. */
function removed(id: string): AllowedShown['application'] {
  const none = { logo: undefined, policy: undefined, terms: undefined }
  return { name: id, initial: initialOf(id), unverified: false, ...none }
}

/** Each origin once: fifty logos of one host are one word in the page's policy. */
function imagesOf(allowed: readonly Allowed[]): readonly string[] {
  const withLogo = allowed.flatMap(({ client }) =>
    client === undefined || safeAddress(client.metadata.logo_uri) === undefined ? [] : [client],
  )
  return [...new Set(withLogo.flatMap((client) => sourcesOf(client).images ?? []))]
}
