import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'
import type { Assets } from './assets.ts'
import type { WebContext } from './context.ts'
import type { WebSettings } from './dependencies.ts'
import type { FormTokens } from './form-token.ts'
import type { Translate, Words } from './language.ts'
import { contentSecurityPolicy, type PageSources } from './middleware/security-headers.ts'

export interface Page {
  /** The file under views/, without its ending. Never from input (S37). */
  readonly view: string
  /** Already translated: the document's title, without the brand. */
  readonly title: string
  readonly layout?: 'layout' | 'layout-wide'
  readonly status?: number
  /** What the view prints, always escaped. */
  readonly values?: Readonly<Record<string, unknown>>
  /** What the page may reach besides ourselves: the client's callback, its logo. */
  readonly sources?: PageSources
}

/** Answers with a page: status, headers of a page with credentials on it (S7), and the body. */
export type Render = (ctx: WebContext, page: Page) => void

interface Piece {
  readonly text: string
  readonly strong: boolean
}

/** What every view can use besides its own values. */
interface PageTools {
  readonly language: string
  readonly traceId: string
  readonly brand: WebSettings['brand']
  /** The language switch; empty for a page that a GET cannot show again. */
  readonly languages: readonly { readonly code: string; readonly name: string; readonly href: string }[]
  readonly t: Translate
  /** A sentence in pieces, so that a value in it can be set in bold without markup in the words. */
  readonly pieces: (key: string, values: Readonly<Record<string, string>>) => readonly Piece[]
  readonly asset: (name: string) => string
  /** For the hidden field `csrf` of every form. */
  readonly csrf: () => string
}

/** Compiles every view once. Values are data: no request reaches the template engine's options (S37). */
export function createRender(tools: {
  views: URL
  words: Words
  assets: Assets
  formTokens: FormTokens
  settings: WebSettings
}): Render {
  const templates = compileAll(fileURLToPath(tools.views))
  const template = (name: string) => {
    const found = templates.get(name)
    if (found === undefined) throw new Error(`there is no view ${name}`)
    return found
  }
  return (ctx, page) => {
    template(page.view)
    const t = tools.words.translate(ctx.state.language)
    ctx.body = template(page.layout ?? 'layout')({
      ...shared(tools, ctx, t),
      ...page.values,
      title: page.title,
      content: `/${page.view}`,
    })
    ctx.type = 'html'
    ctx.status = page.status ?? 200
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Content-Security-Policy', contentSecurityPolicy(page.sources))
  }
}

function compileAll(root: string): Map<string, ejs.TemplateFunction> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ejs'),
  )
  const compile = (file: string) =>
    ejs.compile(readFileSync(root + file, 'utf8'), {
      filename: root + file,
      root,
      cache: true,
      rmWhitespace: true,
    })
  return new Map(files.map((file) => [file.slice(0, -4).replaceAll('\\', '/'), compile(file)]))
}

function shared(tools: Parameters<typeof createRender>[0], ctx: WebContext, t: Translate): PageTools {
  const { words, assets, formTokens, settings } = tools
  const { language, traceId, page } = ctx.state
  return {
    t,
    pieces: (key, values) => piecesOf(t, key, values),
    asset: assets.url,
    brand: settings.brand,
    language,
    languages: page === undefined ? [] : words.languages.map((code) => languageLink(code, page)),
    traceId,
    // A function, so that a page without a form sets no cookie.
    csrf: () => formTokens.for(ctx.state.browser),
  }
}

function languageLink(code: string, page: string) {
  return { code, name: ownName(code), href: `${page}${page.includes('?') ? '&' : '?'}lang=${code}` }
}

const ownNames = new Map<string, string>()

/** How a language calls itself. */
function ownName(code: string): string {
  const known = ownNames.get(code)
  if (known !== undefined) return known
  const name = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code
  const capital = name.charAt(0).toLocaleUpperCase(code) + name.slice(1)
  ownNames.set(code, capital)
  return capital
}

// Private-use characters cannot be typed into a locale file by accident.
const [open, close] = ['\uE000', '\uE001']

function piecesOf(t: Translate, key: string, values: Readonly<Record<string, string>>): readonly Piece[] {
  const marked = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      `${open}${value.replace(/[\uE000\uE001]/g, '')}${close}`,
    ]),
  )
  return t(key, marked)
    .split(/(\uE000[^\uE001]*\uE001)/)
    .filter((text) => text !== '')
    .map((text) =>
      text.startsWith(open) ? { text: text.slice(1, -1), strong: true } : { text, strong: false },
    )
}
