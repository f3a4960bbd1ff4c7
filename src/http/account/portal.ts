import type { PageSources } from '../middleware/security-headers.ts'
import { momentsOf } from '../moments.ts'
import { personShown, type SignedIn } from '../session.ts'
import type { Web } from '../web.ts'

export interface PortalPage {
  /** Under views/account/. */
  readonly view: string
  /** Its place in the navigation; words and address come from it. */
  readonly place: Place
  /** Already translated; the place's own name when absent. */
  readonly title?: string
  readonly status?: number
  readonly values?: Readonly<Record<string, unknown>>
  readonly sources?: PageSources
  /** Under views/assets/, besides those of every page. */
  readonly scripts?: readonly string[]
}

export type Portal = (page: SignedIn, content: PortalPage) => void

const places = ['home', 'profile', 'security', 'sessions', 'applications', 'activity', 'data'] as const
export type Place = (typeof places)[number]

/** Pages of the portal, in its frame. */
export function createPortal(web: Web, { hasCases }: { readonly hasCases: boolean }): Portal {
  return (page, { view, place, title, status = 200, values, sources = {}, scripts = [] }) => {
    const { ctx, identity, recovery } = page
    const t = web.words.translate(ctx.state.language)
    const pages = places.map((name) => ({
      href: name === 'home' ? '/account' : `/account/${name}`,
      label: t(`account:${name}.title`),
      current: name === place,
    }))
    const administers = identity.roles.includes('administrator')
    const consoleAt = administers ? '/admin' : '/admin/cases'
    const goesThere = administers || (hasCases && identity.roles.includes('reviewer'))
    const console = goesThere ? [{ href: consoleAt, label: t('account:console'), current: false }] : []
    web.render(ctx, {
      view: `account/${view}`,
      layout: 'layout-wide',
      title: title ?? t(`account:${place}.title`),
      status,
      sources,
      values: {
        ...values,
        styles: ['portal.css'],
        // Whoever chose a time zone reads it everywhere; a browser abroad says something else.
        scripts: [...(identity.claims.zoneinfo === undefined ? ['local-time.js'] : []), ...scripts],
        home: '/account',
        navigation: [...pages, ...console],
        person: personShown(page),
        signOut: t('account:sign-out'),
        recovering: recovery && view !== 'recovery' && { contested: recovery.state === 'contested' },
        banner: identity.deletion && momentsOf(page)(identity.deletion.dueAt),
      },
    })
  }
}
