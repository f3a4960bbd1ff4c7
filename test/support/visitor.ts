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

export interface Visitor {
  /** Follows redirects (up to 20) and answers the page they end at. */
  get(url: string | URL): Promise<Page>
  /** Sends the page's form that has these fields and this button, with its own values and `values`. */
  submit(page: Page, values?: Record<string, string>, button?: Button): Promise<Page>
  /** Sends the page's form that goes to `action`. */
  press(page: Page, action: string): Promise<Page>
  /** One request as it is, no redirect followed. */
  send(url: string | URL, init?: RequestInit): Promise<Response>
  readonly cookies: Map<string, string>
  readonly seen: Set<string>
}

const tokenParameters = ['code', 'access_token', 'id_token', 'refresh_token', 'token']

/** `stopAt` ends the following of redirects at addresses that begin with it (a relying party's callback that nobody serves). */
export function createVisitor(options: { stopAt?: string; headers?: Record<string, string> } = {}): Visitor {
  const cookies = new Map<string, string>()
  const seen = new Set<string>()

  const send = async (target: string | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(target)
    const headers = new Headers({ ...options.headers, ...Object.fromEntries(new Headers(init.headers)) })
    const jar = [...cookies]
      .filter(([key]) => key.startsWith(`${url.hostname} `))
      .filter(([key]) => url.pathname.startsWith(key.split(' ')[1] ?? '/'))
    if (jar.length > 0)
      headers.set('cookie', jar.map(([key, value]) => `${key.split(' ')[2]}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keep(url, line)
    note(response.headers.get('location'), url)
    return response
  }

  const keep = (url: URL, line: string) => {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    const value = pair.slice(at + 1)
    const attribute = (wanted: string) =>
      attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1)
    const key = `${url.hostname} ${attribute('path') ?? '/'} ${name}`
    const gone =
      value === '' ||
      new Date(attribute('expires') ?? '9999-01-01').getTime() <= Date.now() ||
      attribute('max-age') === '0'
    if (gone) cookies.delete(key)
    else {
      cookies.set(key, value)
      if (value.length >= 16) seen.add(value)
    }
  }

  const note = (location: string | null, base: URL) => {
    if (location === null) return
    const parameters = new URL(location, base).searchParams
    for (const name of tokenParameters) for (const value of parameters.getAll(name)) seen.add(value)
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

  const sendForm = (page: Page, form: HTMLElement, values: Record<string, string>) => {
    const action = new URL(form.getAttribute('action') ?? page.url.href, page.url)
    const body = new URLSearchParams({ ...formValues(form), ...values })
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
    submit: (page, values = {}, button) => {
      for (const name of ['password', 'code'])
        if ((values[name] ?? '').length >= 6) seen.add(values[name] ?? '')
      return sendForm(page, formFor(page, Object.keys(values), button), {
        ...values,
        ...(button && { [button.name]: button.value }),
      })
    },
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
    ...names.map((name) => `input[name="${name}"]`),
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
  return Object.fromEntries(
    fields.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']),
  )
}

function pageOf(url: URL, response: Response, body: string): Page {
  return { url, status: response.status, headers: response.headers, body, document: parse(body) }
}
