import { readdir, readFile } from 'node:fs/promises'
import { createInstance, type Resource, type TOptions } from 'i18next'
import { day } from '../domain/time.ts'
import { queryValue, seeOther, type WebContext } from './context.ts'
import type { Cookies } from './cookies.ts'

export type Translate = (key: string, values?: Readonly<Record<string, unknown>>) => string

/** The words of every page. Keys are `<file>:<path>`; without a file they are in `pages`. */
export interface Words {
  readonly languages: readonly string[]
  translate(language: string): Translate
  /** Whether a key has words of its own in this language. */
  has(language: string, key: string): boolean
  /** The best offered language for a list of wishes in falling order (`ui_locales`), or undefined. */
  match(wishes: readonly string[]): string | undefined
}

/** Reads `<folder>/<language>/<namespace>.json`. The first language is the fallback for words that another one lacks. */
export async function createWords(folder: URL, languages: readonly string[]): Promise<Words> {
  const resources: Resource = {}
  for (const language of languages)
    resources[language] = await readNamespaces(new URL(`${language}/`, folder))
  const [fallback = 'en'] = languages
  const i18n = createInstance()
  await i18n.init({
    resources,
    lng: fallback,
    fallbackLng: fallback,
    defaultNS: 'pages',
    // Views escape everything they print.
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  } as Parameters<typeof i18n.init>[0])
  return {
    languages,
    translate: remembered(languages, (language) => {
      const t = i18n.getFixedT(language)
      const fixed = new Map<string, string>()
      return (key, values) => {
        if (values !== undefined) return t(key, { ...values } as TOptions) as string
        // Most words stand alone; only keys that exist are kept, so that input cannot grow this.
        const text = fixed.get(key) ?? (t(key) as string)
        if (text !== key) fixed.set(key, text)
        return text
      }
    }),
    has: (language, key) => i18n.exists(key, { lng: language, fallbackLng: [] }),
    match: (wishes) => firstOffered(languages, wishes),
  }
}

/** One of each per language, made at start. */
function remembered(languages: readonly string[], make: (language: string) => Translate) {
  const made = new Map(languages.map((language) => [language, make(language)]))
  const [fallback = 'en'] = languages
  return (language: string): Translate => made.get(language) ?? made.get(fallback) ?? make(fallback)
}

async function readNamespaces(folder: URL): Promise<Record<string, object>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'))
  const read = async (file: string) => [
    file.slice(0, -5),
    JSON.parse(await readFile(new URL(file, folder), 'utf8')),
  ]
  return Object.fromEntries(await Promise.all(files.map(read)))
}

function firstOffered(languages: readonly string[], wishes: readonly string[]): string | undefined {
  for (const wish of wishes) {
    const lower = wish.toLowerCase()
    const found = languages.find((language) => lower === language || lower.startsWith(`${language}-`))
    if (found !== undefined) return found
  }
  return undefined
}

const choiceLifetime = 365 * day

/**
 * The language of this request: `ui_locales`, then the person's own choice, then Accept-Language.
 * A choice made on a page wins over the `ui_locales` of that same page, or its language switch would do nothing.
 */
export function languageOf(
  ctx: WebContext,
  words: Words,
  cookies: Cookies,
  uiLocales: readonly string[],
): string {
  const [chosen, place] = (cookies.read(ctx, 'language') ?? '').split('@')
  const choice = chosen === undefined ? undefined : words.match([chosen])
  if (choice !== undefined && place === placeOf(ctx.state.page ?? ctx.path)) return choice
  return words.match(uiLocales) ?? choice ?? accepted(ctx, words)
}

/** Answers `?lang=` on a page by remembering the choice and showing the page again. */
export function chooseLanguage(ctx: WebContext, words: Words, cookies: Cookies): boolean {
  const wish = queryValue(ctx, 'lang')
  if (wish === undefined || !words.languages.includes(wish)) return false
  const rest = new URLSearchParams(ctx.querystring)
  rest.delete('lang')
  rememberLanguage(ctx, cookies, wish)
  seeOther(ctx, rest.size === 0 ? ctx.path : `${ctx.path}?${rest}`)
  return true
}

/** A choice that stays in this browser. */
export function rememberLanguage(ctx: WebContext, cookies: Cookies, chosen: string): void {
  cookies.write(ctx, 'language', `${chosen}@${placeOf(ctx.path)}`, choiceLifetime)
}

/** For whoever is signed in: the language in which they are written to, where this browser knows of no other choice. */
export function preferLanguage(
  ctx: WebContext,
  { words, cookies }: { words: Words; cookies: Cookies },
  locale: string | undefined,
): void {
  const own = locale === undefined ? undefined : words.match([locale])
  const isChosen = cookies.read(ctx, 'language') !== undefined || queryValue(ctx, 'ui_locales') !== undefined
  if (own !== undefined && !isChosen) ctx.state.language = own
}

// A cookie value takes no arbitrary text; two interactions differ in their path.
function placeOf(page: string): string {
  return encodeURIComponent(page.split('?')[0]?.split('/').slice(0, 3).join('/') ?? '').slice(0, 120)
}

function accepted(ctx: WebContext, words: Words): string {
  const [fallback = 'en'] = words.languages
  const best = ctx.acceptsLanguages([...words.languages])
  if (typeof best === 'string' && best !== '') return best
  return words.match(ctx.acceptsLanguages()) ?? fallback
}
