/** Wrong answers to each way of proving: how far somebody goes in the pages, and what they send then, over and over. */
import { randomBytes } from 'node:crypto'
import { type Options, type SoftKey, softKey } from '../test/factors/soft-key.ts'
import { type Browser, createBrowser, formWith, keyOptions, mainForm, type PageForm } from './browser.ts'
import { synced } from './credentials.ts'
import { type Answer, expectJson, type Http } from './http.ts'
import type { Operation } from './load.ts'
import { authorizationRequest, type Place } from './sign-in.ts'

/** Somebody who guesses: every second one at people who do not exist, where that can be tried. */
export interface Guesser {
  readonly place: Place
  /** Each request that sends something comes from the next address. */
  readonly http: Http
  /** Counts over all rounds, so that nobody is tried twice. */
  readonly number: number
}

export interface Guesses {
  readonly title: string
  /** Goes as far as the answer; what is returned sends a wrong one. */
  prepare(guesser: Guesser): Promise<Operation>
}

export const guesses: readonly Guesses[] = [
  { title: 'passwords', prepare: guessPassword },
  { title: 'codes of an authenticator app', prepare: second('totp', wrongCode) },
  { title: 'codes by e-mail', prepare: sent('email-code') },
  { title: 'codes by SMS', prepare: sent('sms-code') },
  { title: 'backup codes', prepare: second('backup-code', wrongCode) },
  { title: 'forged signatures of passkeys', prepare: forgePasskey },
  { title: 'forged signatures of security keys', prepare: second('security-key', wrongSignature) },
  { title: 'wrong numbers for a mailed link', prepare: guessNumber },
]

const code = '000000'

function somebody({ place, number }: Guesser): string {
  const { people } = place.fixture
  return number % 2 === 0 ? (people[number % people.length] ?? '') : `nobody-${number}@bench.example`
}

async function guessPassword(guesser: Guesser): Promise<Operation> {
  const identifier = somebody(guesser)
  const { browser, page } = await arrive(guesser)
  const asked = 'password' in mainForm(page).fields ? page : await browser.submit(page, { identifier })
  const { action, fields } = mainForm(asked)
  return () =>
    browser.post(action, { ...fields, identifier, password: `wrong ${randomBytes(4).toString('hex')}` })
}

/** After the right password, of people who have everything. */
function second(factor: string, answer: (page: Answer, place: Place) => Record<string, string>) {
  return async (guesser: Guesser): Promise<Operation> => {
    const { place, number } = guesser
    const { guarded, keys, password } = place.fixture
    // What counts against the account is tried at people who were not tried before.
    const identifier =
      factor === 'totp' ? guarded[number % guarded.length] : keys.ten[number % keys.ten.length]?.person
    const { browser, page } = await arrive(guesser)
    const asked = await browser.submit(page, { identifier: identifier ?? '' })
    const chosen = await choose(browser, await browser.submit(asked, { password }), factor)
    return over(browser, chosen, (last) => answer(last, place))
  }
}

/** What was sent to people who exist, and was not to others. */
function sent(factor: string) {
  return async (guesser: Guesser): Promise<Operation> => {
    const { browser, page } = await arrive(guesser)
    const chosen = await choose(
      browser,
      await browser.submit(page, { identifier: somebody(guesser) }),
      factor,
    )
    return over(browser, chosen, wrongCode)
  }
}

async function forgePasskey(guesser: Guesser): Promise<Operation> {
  const { place, number } = guesser
  const { one } = place.fixture.keys
  const key = (number % 2 === 0 ? one[number % one.length]?.key : undefined) ?? softKey()
  const { browser, page } = await arrive(guesser)
  return over(browser, page, (last) => ({ credential: forged(key, last, place) }))
}

/** By somebody who got hold of a mailed link, and does not see the page that waits. */
async function guessNumber(guesser: Guesser): Promise<Operation> {
  const { place, http, number } = guesser
  const { people } = place.fixture
  const identifier = people[number % people.length] ?? ''
  const { browser, page } = await arrive(guesser)
  await choose(browser, await browser.submit(page, { identifier }), 'magic-link')
  const link = await mailedLink(place, identifier)
  const stranger = createBrowser(http, place.origin)
  const { action, fields } = formWith(await stranger.visit(link.slice(place.origin.length)), 'number')
  return () => stranger.post(action, { ...fields, number: '00', decision: 'allow' })
}

/** The newest one, once it is there. */
async function mailedLink({ http }: Place, to: string): Promise<string> {
  for (let looks = 0; looks < 50; looks++) {
    const answer = await http.get(`/inbox/messages?${new URLSearchParams({ to })}`)
    const messages = expectJson(answer) as unknown as readonly { readonly links: readonly string[] }[]
    const link = messages.flatMap(({ links }) => links).find((each) => each.includes('/answer?'))
    if (link !== undefined) return link
    await new Promise((done) => setTimeout(done, 200))
  }
  throw new Error(`no link was mailed to ${to}`)
}

async function arrive({ place, http }: Guesser): Promise<{ browser: Browser; page: Answer }> {
  const browser = createBrowser(http, place.origin)
  return { browser, page: await browser.visit(authorizationRequest(place, place.fixture.web).path) }
}

/** From any page that asks for a proof to the one that asks for this one. */
async function choose(browser: Browser, page: Answer, factor: string): Promise<Answer> {
  const { action, fields } = mainForm(page)
  if (action.endsWith(`/${factor}`)) return page
  const { csrf = '' } = fields
  const elsewhere: PageForm = { action: action.replace(/\/prove\/.*$/, '/choose'), fields: { csrf } }
  return browser.send(elsewhere, { factor })
}

/** Answers the page, then the page that this led to, as long as it asks for the same. */
function over(browser: Browser, first: Answer, answer: (page: Answer) => Record<string, string>): Operation {
  let page = first
  let form = formWith(first, 'code', 'credential')
  return async () => {
    const next = await browser.post(form.action, { ...form.fields, ...answer(page) })
    // Turned away, or a refusal that asks for nothing.
    if (/name="(?:code|credential)"/.test(next.text)) {
      page = next
      form = formWith(next, 'code', 'credential')
    }
    return next
  }
}

function wrongCode(): Record<string, string> {
  return { code }
}

function wrongSignature(page: Answer, place: Place): Record<string, string> {
  // One that the person has: the page names them.
  const { allowCredentials = [] } = keyOptions(page) as Options & {
    readonly allowCredentials?: readonly { readonly id: string }[]
  }
  const credential = JSON.parse(forged(softKey(), page, place))
  const [{ id } = credential] = allowCredentials
  return { credential: JSON.stringify({ ...credential, id, rawId: id }) }
}

function forged(key: SoftKey, page: Answer, { origin }: Place): string {
  return key.get(keyOptions(page), { ...synced, origin, host: 'localhost', forged: true })
}
