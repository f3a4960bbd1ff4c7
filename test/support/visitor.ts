/**
 * A person at a browser without script: follows redirects, keeps cookies per host, fills forms by what is on the page.
 * Everything secret that crosses the wire is remembered in `seen`, for the search of the raw store.
 */
import { type HTMLElement, parse } from 'node-html-parser'

export interface Page {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly body: string
  readonly document: HTMLElement
}

export interface Button {
  readonly name: string
  readonly value: string
}

export type Values = Readonly<Record<string, string | undefined>>

export interface Visitor {
  /** Follows redirects (up to 20) and answers the page they end at. */
  get(url: string | URL): Promise<Page>
  /** Sends the page's form that has these fields and this button, with its own values and `values`; undefined unticks a box. */
  submit(page: Page, values?: Values, button?: Button): Promise<Page>
  /** Sends the page's form that goes to `action`. */
  press(page: Page, action: string): Promise<Page>
  /** One request as it is, no redirect followed. */
  send(url: string | URL, init?: RequestInit): Promise<Response>
  readonly cookies: Map<string, string>
  readonly seen: Set<string>
}

const secretParameters = ['code', 'access_token', 'id_token', 'refresh_token', 'token', 'id_token_hint']
/** A client_id and a language. */
const publicCookies = /signet-(?:application|language)$/
const secretFields = ['password', 'code', 'csrf', 'xsrf', 'token']

export interface VisitorOptions {
  /** Ends the following of redirects at addresses that begin with it (a relying party's callback that nobody serves). */
  readonly stopAt?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Another way out, such as through a proxy with a certificate of its own. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>
}

export function createVisitor(options: VisitorOptions = {}): Visitor {
  const goOut = options.fetch ?? fetch
  const cookies = new Map<string, string>()
  const seen = new Set<string>()

  const send = async (target: string | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(target)
    note(url)
    const headers = new Headers({ ...options.headers, ...Object.fromEntries(new Headers(init.headers)) })
    const jar = [...cookies]
      .filter(([key]) => key.startsWith(`${url.hostname} `))
      .filter(([key]) => url.pathname.startsWith(key.split(' ')[1] ?? '/'))
    if (jar.length > 0)
      headers.set('cookie', jar.map(([key, value]) => `${key.split(' ')[2]}=${value}`).join('; '))
    const response = await goOut(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keep(url, line)
    const location = response.headers.get('location')
    if (location !== null) note(new URL(location, url))
    return response
  }

  const keep = (url: URL, line: string) => {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    const value = pair.slice(at + 1)
    const attribute = (wanted: string) =>
      attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1)
    refuseBadPrefix(name, line)
    const key = `${url.hostname} ${attribute('path') ?? '/'} ${name}`
    const gone =
      value === '' ||
      new Date(attribute('expires') ?? '9999-01-01').getTime() <= Date.now() ||
      attribute('max-age') === '0'
    if (gone) cookies.delete(key)
    else {
      cookies.set(key, value)
      if (value.length >= 16 && !publicCookies.test(name)) seen.add(value)
    }
  }

  const note = ({ searchParams }: URL) => {
    for (const name of secretParameters) for (const value of searchParams.getAll(name)) seen.add(value)
  }

  const follow = async (first: string | URL, init: RequestInit = {}): Promise<Page> => {
    let url = new URL(first)
    let response = await send(url, init)
    for (
      let hops = 0;
      response.status >= 301 && response.status <= 308 && response.headers.has('location');
      hops++
    ) {
      if (hops > 20) throw new Error(`more than 20 redirects, the last to ${url}`)
      await response.body?.cancel()
      url = new URL(response.headers.get('location') ?? '', url)
      if (options.stopAt !== undefined && url.href.startsWith(options.stopAt))
        return pageOf(url, response, '')
      response = await send(url)
    }
    return pageOf(url, response, await response.text())
  }

  const sendForm = (page: Page, form: HTMLElement, values: Values) => {
    const action = new URL(form.getAttribute('action') ?? page.url.href, page.url)
    const sent = Object.entries({ ...formValues(form), ...values }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    for (const [name, value] of sent) if (secretFields.includes(name) && value.length >= 6) seen.add(value)
    const body = new URLSearchParams(sent)
    return follow(action, {
      method: 'POST',
      body,
      headers: { origin: page.url.origin, 'sec-fetch-site': 'same-origin' },
    })
  }

  return {
    cookies,
    seen,
    send,
    get: (url) => follow(url),
    submit: (page, values = {}, button) =>
      sendForm(page, formFor(page, Object.keys(values), button), {
        ...values,
        ...(button && { [button.name]: button.value }),
      }),
    press: (page, action) => {
      const form = page.document
        .querySelectorAll('form')
        .find((each) => each.getAttribute('action') === action)
      if (form === undefined)
        throw new Error(`${page.url} (${page.status}) has no form to ${action}: ${words(page).slice(0, 400)}`)
      return sendForm(page, form, {})
    },
  }
}

/** The form of the page that has these fields and this button: the first one when nothing is asked for. */
function formFor(page: Page, names: readonly string[], button?: Button): HTMLElement {
  const wanted = [
    ...names.map((name) => `[name="${name}"]`),
    ...(button === undefined ? [] : [`button[name="${button.name}"][value="${button.value}"]`]),
  ]
  const form = page.document
    .querySelectorAll('form')
    .find((each) => wanted.every((selector) => each.querySelector(selector) !== null))
  if (form === undefined)
    throw new Error(
      `${page.url} (${page.status}) has no form with ${wanted.join(', ')}: ${words(page).slice(0, 400)}`,
    )
  return form
}

/** The page's visible words. */
export function words(page: Page): string {
  return (page.document.querySelector('main') ?? page.document).textContent.replace(/\s+/g, ' ').trim()
}

function formValues(form: HTMLElement): Record<string, string> {
  const fields = form.querySelectorAll('input[name]').filter((input) => {
    const type = input.getAttribute('type')
    return (type !== 'checkbox' && type !== 'radio') || input.hasAttribute('checked')
  })
  const written = form.querySelectorAll('textarea[name]')
  const chosen = form.querySelectorAll('select[name]')
  return Object.fromEntries([
    ...fields.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']),
    ...written.map((area) => [area.getAttribute('name') ?? '', area.textContent]),
    ...chosen.map((select) => [
      select.getAttribute('name') ?? '',
      // Without one that is marked, browsers take the first.
      (select.querySelector('option[selected]') ?? select.querySelector('option'))?.getAttribute('value') ??
        '',
    ]),
  ])
}

/** Browsers throw such a cookie away without a word (RFC 6265bis 4.1.3); here it is a mistake. */
function refuseBadPrefix(name: string, line: string): void {
  if (!/^__(Host|Secure)-/.test(name)) return
  const host = !name.startsWith('__Host-') || (/;\s*path=\/(;|$)/i.test(line) && !/;\s*domain=/i.test(line))
  if (!/;\s*secure/i.test(line) || !host)
    throw new Error(`browsers refuse this cookie: ${line.replace(/=[^;]*/, '=…')}`)
}

function pageOf(url: URL, response: Response, body: string): Page {
  return { url, status: response.status, headers: response.headers, body, document: parse(body) }
}
