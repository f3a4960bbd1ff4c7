import { queryValue } from '../context.ts'
import type { Translate } from '../language.ts'
import { personShown, type SignedIn, type SignedInHandler } from '../session.ts'
import type { Web } from '../web.ts'

const places = ['overview', 'clients', 'people', 'cases'] as const
export type Place = (typeof places)[number]

export interface ConsolePage {
  /** Under views/admin/. */
  readonly view: string
  readonly place: Place
  /** Already translated; the place's own name when absent. */
  readonly title?: string
  readonly status?: number
  readonly values?: Readonly<Record<string, unknown>>
}

export type Frame = (page: SignedIn, content: ConsolePage) => void

/** Pages of the console, in its frame. */
export function createFrame(web: Web, { hasCases }: { readonly hasCases: boolean }): Frame {
  return (page, { view, place, title, status = 200, values }) => {
    const t = web.words.translate(page.ctx.state.language)
    web.render(page.ctx, {
      view: `admin/${view}`,
      layout: 'layout-wide',
      title: title ?? t(`admin:${place}.title`),
      status,
      values: {
        ...values,
        styles: ['portal.css'],
        scripts: ['local-time.js'],
        home: page.identity.roles.includes('administrator') ? '/admin' : '/admin/cases',
        area: t('admin:area', { brand: web.settings.brand.name }),
        navigation: [
          ...placesOf(page, hasCases).map((name) => ({
            href: name === 'overview' ? '/admin' : `/admin/${name}`,
            label: t(`admin:${name}.title`),
            current: name === place,
          })),
          { href: '/account', label: t('admin:own-account'), current: false },
        ],
        person: personShown(page),
        signOut: t('account:sign-out'),
      },
    })
  }
}

/** A reviewer who is no administrator has the cases, and nothing else. */
function placesOf({ identity }: SignedIn, hasCases: boolean): readonly Place[] {
  const own = identity.roles.includes('administrator') ? places : (['cases'] as const)
  return own.filter((name) => name !== 'cases' || hasCases)
}

/** One action: a page that says what it will do, and the form on it. */
export interface Action {
  readonly ask: SignedInHandler
  readonly do: SignedInHandler
}

/** What a page has to know that asks before it is done; its words are `admin:<place>.<name>.title`, `.effect` and `.button`. */
export interface Question {
  readonly place: Place
  readonly name: string
  /** Fills in the words. */
  readonly values: Readonly<Record<string, string | number>>
  readonly danger: boolean
  /** Of what it is done to. */
  readonly path: string
}

/** The page that says what an action will do, in the frame. */
export function askFirst(
  frame: Frame,
  t: Translate,
  page: SignedIn,
  { place, name, values, danger, path }: Question,
): void {
  const title = t(`admin:${place}.${name}.title`, values)
  frame(page, {
    view: 'confirm',
    place,
    title,
    values: {
      heading: title,
      effect: t(`admin:${place}.${name}.effect`, values),
      button: t(`admin:${place}.${name}.button`),
      danger,
      action: `${path}/${name}`,
      back: path,
    },
  })
}

/** The place in a list that a page begins at, and the address of the next one. */
export function paged(
  page: SignedIn,
  path: string,
  next: string | undefined,
  more: Record<string, string> = {},
) {
  const after = queryValue(page.ctx, 'after')
  return {
    newest: after === undefined ? undefined : `${path}${query(more)}`,
    older: next === undefined ? undefined : `${path}${query({ ...more, after: next })}`,
  }
}

function query(values: Record<string, string>): string {
  const text = new URLSearchParams(values).toString()
  return text === '' ? '' : `?${text}`
}
