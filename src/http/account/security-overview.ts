import type { Identifier } from '../../domain/identifier.ts'
import type { Factor } from '../../ports/factor.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { SignedIn, SignedInHandler } from '../session.ts'
import { contactsShown } from './contacts.ts'
import { type CredentialShown, credentialShown } from './credential.ts'
import { createEntries, type EntryShown } from './entries.ts'
import { healthShown } from './health.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'
import { trustedDevicesShown } from './trusted-devices.ts'

/** One way to prove who one is, with the one thing to do about it. */
interface WayShown {
  readonly icon: string
  readonly name: string
  readonly href: string
  readonly action: string
  readonly enrolled: readonly CredentialShown[]
  /** In a word, where there is nothing to list. */
  readonly status: string | undefined
  readonly on: boolean
}

/** So many of the newest events are shown, of these kinds. */
const lately = 5
const topics = ['sign-ins', 'ways', 'recovery'] as const

/** Everything about how the person gets in, and back in, on one page. */
export function createSecurityOverview(deps: AppDependencies, portal: Portal): SignedInHandler {
  const { enrolments, factors, web, audit, trustedDevices } = deps
  const entriesShown = createEntries(deps)

  async function ways(page: SignedIn): Promise<readonly WayShown[]> {
    const enrolled = await enrolments.list(page.identity.id)
    return factors
      .filter(({ enrolment, implied }) => enrolment !== undefined || implied !== undefined)
      .map((factor) => (factor.implied === undefined ? ownWay(page, factor) : addressWay(page, factor)))

    function ownWay({ ctx }: SignedIn, { name, icon = 'lock' }: Factor): WayShown {
      const t = web.words.translate(ctx.state.language)
      const own = enrolled.filter((one) => one.factor === name)
      const on = own.length > 0
      return {
        icon,
        name: t(`factors:${name}.name`),
        href: `/account/security/${name}`,
        action: t(on ? 'account:security.change' : 'account:security.add'),
        enrolled: own.map((one) => credentialShown(web, one, page)),
        status: on ? undefined : t('account:security.none'),
        on,
      }
    }
  }

  /** What comes with an address is turned on by proving it. */
  function addressWay({ ctx, identity }: SignedIn, { name, icon = 'lock', implied }: Factor): WayShown {
    const t = web.words.translate(ctx.state.language)
    const proved = identity.identifiers.find(
      ({ kind, verifiedAt }: Identifier) => kind === implied && verifiedAt !== undefined,
    )
    return {
      icon,
      name: t(`factors:${name}.name`),
      href: `/account/profile/${implied}`,
      action: t(`security:address.${proved === undefined ? 'add' : 'change'}`),
      enrolled: [],
      status:
        proved === undefined
          ? t(`security:address.none-${implied}`)
          : t('security:address.to', { address: proved.written }),
      on: proved !== undefined,
    }
  }

  async function events(page: SignedIn): Promise<readonly EntryShown[]> {
    const stories = await Promise.all(
      topics.map((topic) => audit.story({ identityId: page.identity.id, topic, limit: lately })),
    )
    const newest = stories.flatMap(({ items }) => items).toSorted((one, other) => other.at - one.at)
    return entriesShown(page, newest.slice(0, lately))
  }

  return async (page) => {
    const t = web.words.translate(page.ctx.state.language)
    const [health, shown, recent, trusted, contacts] = await Promise.all([
      healthShown(deps, page),
      ways(page),
      events(page),
      trustedDevices.settings.enabled ? trustedDevicesShown(deps, page) : undefined,
      contactsShown(deps, page),
    ])
    const notice = noticeOf(page.ctx, t, 'security', ['changed'])
    const values = { health, ways: shown, notice, trusted, recent, contacts }
    portal(page, { view: 'security', place: 'security', values })
  }
}
