import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { rememberLanguage } from '../language.ts'
import { daysOf } from '../moments.ts'
import { actorOf, personShown, type SignedIn, type SignedInHandler } from '../session.ts'
import { identifierShown } from './home.ts'
import { noticeOf } from './notice.ts'
import { pictureOf } from './picture.ts'
import type { Portal } from './portal.ts'
import { claimsIn, profileForm } from './profile-form.ts'

/** What applications may learn of the person, and how the person reads; what they sign in with is shown, and changed on pages of its own (identifiers.ts). */
export function createProfilePages(
  deps: AppDependencies,
  portal: Portal,
): { readonly show: SignedInHandler; readonly save: SignedInHandler } {
  const { identities, addresses, web, settings } = deps

  function form(page: SignedIn, mistake?: string): void {
    const { ctx, identity } = page
    const t = web.words.translate(ctx.state.language)
    const typed = mistake === undefined ? {} : ctx.state.form
    const picture = pictureOf(page, settings.issuer)
    ctx.state.page = '/account/profile'
    portal(page, {
      view: 'profile',
      place: 'profile',
      status: mistake === undefined ? 200 : 422,
      scripts: ['time-zone.js'],
      sources: picture.sources,
      values: {
        notice: noticeOf(ctx, t, 'profile', ['saved', 'changed', 'removed', 'username']),
        ...profileForm(
          { claims: identity.claims, typed, mistake, languages: settings.languages },
          t,
          web.words,
        ),
        picture: picture.address,
        initial: personShown(page).initial,
        identifiers: identity.identifiers.map((identifier) => identifierShown(identifier, t)),
        changes: ([...addresses.kinds, 'username'] as const).map((kind) => {
          const has = identity.identifiers.some((one) => one.kind === kind)
          return {
            href: `/account/profile/${kind}`,
            text: t(`account:identifier.change.${kind}.${has ? 'edit' : 'add'}`),
          }
        }),
        groups: identity.groups,
        id: identity.id,
        since: daysOf(page)(identity.createdAt),
      },
    })
  }

  return {
    show: (page) => form(page),
    async save(page) {
      const { ctx, identity } = page
      const claims = claimsIn(ctx.state.form)
      if (claims.name === null) return form(page, 'name')
      const { locale } = claims
      const isOffered = !locale || settings.languages.includes(locale) || locale === identity.claims.locale
      if (!isOffered) return form(page, 'locale')
      const updated = await identities.update(identity.id, { claims }, actorOf(page))
      if (updated.status === 'invalid') return form(page, updated.kind)
      // Whoever chooses a language wants to see it, whatever was chosen in this browser before.
      const chosen = locale && locale !== identity.claims.locale ? web.words.match([locale]) : undefined
      if (chosen !== undefined) rememberLanguage(ctx, web.cookies, chosen)
      seeOther(ctx, '/account/profile?done=saved')
    },
  }
}
