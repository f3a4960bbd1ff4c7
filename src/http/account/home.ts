import type { Identifier } from '../../domain/identifier.ts'
import { displayName, mailAddress } from '../../domain/identity.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { momentsOf } from '../moments.ts'
import { personShown, type SignedIn, type SignedInHandler } from '../session.ts'
import { attentionFor } from './attention.ts'
import { createEntries, type EntryShown } from './entries.ts'
import type { Portal } from './portal.ts'

/** What happened lately is five lines; the rest is a page of its own. */
const lately = 5
/** So far back the sign-in before this one is looked for: one sign-in makes two entries or three. */
const lookedAt = 20

/** Who am I, what should I look at, what happened, and where everything else is. */
export function createHomePage(deps: AppDependencies, portal: Portal): SignedInHandler {
  const { audit, enrolments, oidc, consents, web } = deps
  const shown = createEntries(deps)

  /** The last sign-in that was not this one. */
  async function signInBefore(page: SignedIn): Promise<EntryShown | undefined> {
    const { identity, session } = page
    const { items } = await audit.story({ identityId: identity.id, topic: 'sign-ins', limit: lookedAt })
    const before = items.find(
      ({ action, sessionId }) => action === 'session.started' && sessionId !== session.uid,
    )
    return before === undefined ? undefined : (await shown(page, [before]))[0]
  }

  return async (page) => {
    const { identity, session, ctx } = page
    const { language } = ctx.state
    const t = web.words.translate(language)
    const [ways, sessions, allowed, attention, story, before] = await Promise.all([
      enrolments.list(identity.id),
      oidc.sessions.list(identity.id),
      consents.list(identity.id),
      attentionFor(deps, page),
      audit.story({ identityId: identity.id, limit: lately }),
      signInBefore(page),
    ])
    portal(page, {
      view: 'home',
      place: 'home',
      values: {
        name: displayName(identity),
        initial: personShown(page).initial,
        mail: mailAddress(identity)?.written,
        attention,
        recent: await shown(page, story.items),
        before,
        identifiers: identity.identifiers.map((identifier) => identifierShown(identifier, t)),
        signedInAt: momentsOf(page)(session.authTime),
        cards: [
          { place: 'profile', icon: 'user', text: t('account:home.profile') },
          { place: 'security', icon: 'shield', text: t('account:home.security', { count: ways.length }) },
          { place: 'sessions', icon: 'device', text: t('account:home.sessions', { count: sessions.length }) },
          {
            place: 'applications',
            icon: 'app',
            text: t('account:home.applications', { count: allowed.length }),
          },
          { place: 'activity', icon: 'list', text: t('account:home.activity') },
          { place: 'data', icon: 'download', text: t('account:home.data') },
        ],
      },
    })
  }
}

export interface IdentifierShown {
  readonly kind: string
  readonly written: string
  /** Absent where no proof is needed. */
  readonly proof: { readonly text: string; readonly good: boolean } | undefined
}

export function identifierShown({ kind, written, verifiedAt }: Identifier, t: Translate): IdentifierShown {
  const good = verifiedAt !== undefined
  return {
    kind: t(`account:identifier.${kind}`),
    written,
    proof:
      kind === 'username'
        ? undefined
        : { text: t(good ? 'account:identifier.proved' : 'account:identifier.unproved'), good },
  }
}
