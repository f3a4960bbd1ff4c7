import type { Options } from '../test/factors/soft-key.ts'
import type { Answer, Http } from './http.ts'

/** As much of a browser as a sign-in needs: cookies, redirects and forms. */
export interface Browser {
  /** Follows redirects on the server; ends at a page, or at the answer that leads elsewhere. */
  visit(path: string): Promise<Answer>
  /** Fills the page's main form by the names of its inputs and sends it; follows as `visit` does. */
  submit(page: Answer, values: Readonly<Record<string, string>>): Promise<Answer>
  /** Sends a form with what stands in it and `values`; follows as `visit` does. */
  send(form: PageForm, values: Readonly<Record<string, string>>): Promise<Answer>
  /** One request, no redirect followed. */
  fetch(path: string): Promise<Answer>
  post(path: string, form: Record<string, string>): Promise<Answer>
}

export interface PageForm {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

export function createBrowser(http: Http, origin: string): Browser {
  const jar = new Map<string, string>()

  function keep(answer: Answer): Answer {
    for (const line of answer.cookies) {
      const [pair = '', ...attributes] = line.split('; ')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      const gone = value === '' || attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one))
      if (gone) jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }

  function headers(): Record<string, string> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    return { accept: 'text/html', ...(cookie === '' ? {} : { cookie }) }
  }

  async function follow(answer: Answer): Promise<Answer> {
    let at = answer
    while (at.status >= 300 && at.status < 400) {
      const path = at.location.startsWith(origin) ? at.location.slice(origin.length) : at.location
      if (!path.startsWith('/')) return at
      at = await browser.fetch(path)
    }
    return at
  }

  const browser: Browser = {
    fetch: async (path) => keep(await http.get(path, headers())),
    post: async (path, form) => keep(await http.post(path, form, headers())),
    visit: async (path) => follow(await browser.fetch(path)),
    async submit(page, values) {
      const form = mainForm(page)
      const known = Object.entries(values).filter(([name]) => name in form.fields)
      return browser.send(form, Object.fromEntries(known))
    },
    send: async ({ action, fields }, values) => follow(await browser.post(action, { ...fields, ...values })),
  }
  return browser
}

/** The first form that asks for an identifier or a password. */
export function mainForm(page: Answer): PageForm {
  return formWith(page, 'identifier', 'password')
}

/** The first form that has one of these fields. */
export function formWith(page: Answer, ...names: readonly string[]): PageForm {
  for (const [, head = '', inside = ''] of page.text.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
    if (!names.some((name) => inside.includes(`name="${name}"`))) continue
    const inputs = [...inside.matchAll(/<input([^>]*)>/g)].map(([, input = '']) => input)
    const named = inputs.filter(
      (input) => attribute(input, 'name') !== '' && attribute(input, 'type') !== 'checkbox',
    )
    return {
      action: attribute(head, 'action'),
      fields: Object.fromEntries(named.map((input) => [attribute(input, 'name'), attribute(input, 'value')])),
    }
  }
  throw new Error(`no form with ${names} (${page.status}): ${page.text.slice(0, 300)}`)
}

/** What the page asks a key, as its script reads it. */
export function keyOptions(page: Answer): Options {
  const [, written = ''] = /data-options="([^"]*)"/.exec(page.text) ?? []
  return JSON.parse(written.replaceAll(/&#34;|&quot;/g, '"').replaceAll('&amp;', '&'))
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
}
