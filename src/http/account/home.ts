import type { Identifier } from '../../domain/identifier.ts'
import { displayName, mailAddress } from '../../domain/identity.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { momentOf } from '../moments.ts'
import { personShown, type SignedInHandler } from '../session.ts'
import type { Portal } from './portal.ts'

/** Who am I, and where everything else is. */
export function createHomePage(deps: AppDependencies, portal: Portal): SignedInHandler {
  const { enrolments, oidc, consents, web } = deps

  return async (page) => {
    const { identity, session, ctx } = page
    const { language } = ctx.state
    const t = web.words.translate(language)
    const [ways, sessions, allowed] = await Promise.all([
      enrolments.list(identity.id),
      oidc.sessions.list(identity.id),
      consents.list(identity.id),
    ])
    portal(page, {
      view: 'home',
      place: 'home',
      values: {
        name: displayName(identity),
        initial: personShown(page).initial,
        mail: mailAddress(identity)?.written,
        identifiers: identity.identifiers.map((identifier) => identifierShown(identifier, t)),
        signedInAt: momentOf(session.authTime, language),
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
