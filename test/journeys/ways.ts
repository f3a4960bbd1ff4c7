/** Every way to prove who one is, as people use it through the pages: what they have, and what they answer a page with. */
import { expect } from 'vitest'
import { codeOf } from '../factors/authenticator.ts'
import { type Options, softKey } from '../factors/soft-key.ts'
import { elsewhere } from '../races/arena.ts'
import { addPerson, password } from '../support/person.ts'
import type { Signet } from '../support/signet.ts'
import { createVisitor, type Page, type Values, type Visitor } from '../support/visitor.ts'

/** One Signet for many people, on a clock that its tests move. */
export interface Town {
  readonly signet: Signet
  now(): number
  advance(ms: number): void
}

export interface Person {
  readonly id: string
  readonly email: string
  readonly phone: string
  /** What they can answer with, by way. */
  readonly hands: Map<string, Hand>
  /** The codes and links that they read; a message may come twice. */
  readonly read: Set<string>
}

export interface Hand {
  /** The values of the form with which this page is answered: rightly, or wrongly but well-formed. */
  readonly answer: (page: Page, right: boolean) => Promise<Values>
  /** Waits for what the page had sent. */
  readonly arrive?: () => Promise<void>
}

export interface Way {
  readonly name: string
  /** Asked for only after a password. */
  readonly second: boolean
  /** What answers one question answers no other. */
  readonly bound: boolean
  /** Good for any number of sign-ins. */
  readonly lasting: boolean
  /** An answer that was right at the question is worth nothing this long after it. */
  readonly over: number
  /** How many wrong answers of one stranger are looked at, if they come at once. */
  readonly looks: number
  /** Whoever guesses has to wait, and the owner is told. */
  readonly pauses: boolean
  /** Its guesses count against the password too (S27): elsewhere helps what takes both pauses away. */
  readonly needsReset: boolean
  equip(town: Town, person: Person): Promise<unknown>
}

const minute = 60_000
const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const common = {
  needsReset: false,
  second: false,
  bound: false,
  lasting: false,
  over: 61 * minute,
  looks: 5,
  pauses: true,
}
let people = 0

/** The group of those who must give two factors, though they have none of their own beside the password. */
export const careful = 'careful'

/** Somebody with a password and a proved address, and with this way. */
export async function moveIn(town: Town, way: Way): Promise<Person> {
  people += 1
  const [email, phone] = [`person-${people}@example.com`, `+4915100${String(100_000 + people)}`]
  const identifiers = [
    { kind: 'email', written: email, verified: true },
    { kind: 'phone', written: phone, verified: true },
  ] as const
  const groups = way.name === 'sms-code' ? [careful] : []
  const id = await addPerson(town.signet.house, email, { identifiers, groups })
  const person = { id, email, phone, hands: new Map(), read: new Set<string>() }
  for (const each of [knownPassword, mailedCode, way]) await each.equip(town, person)
  return person
}

const knownPassword: Way = {
  ...common,
  name: 'password',
  lasting: true,
  equip: async (_, { hands }) =>
    hands.set('password', {
      answer: async (_, right) => ({ password: right ? password : 'somebody else’s orchard' }),
    }),
}

const mailedCode = sentTo('email', { name: 'email-code' })

const mailedLink: Way = {
  ...common,
  name: 'magic-link',
  bound: true,
  over: 16 * minute,
  looks: 1,
  pauses: false,
  async equip(town, person) {
    let link = ''
    person.hands.set('magic-link', {
      arrive: async () => {
        link = await newest(town, person, person.email, 'links')
      },
      async answer(page, right) {
        const phone = createVisitor({ headers: elsewhere() })
        const shown = page.document.querySelector('.match-number')?.textContent.trim() ?? ''
        const number = right ? shown : shown === '10' ? '11' : '10'
        const opened = await phone.get(link)
        if (opened.status === 200) await phone.submit(opened, { number })
        return {}
      },
    })
  },
}

const app: Way = {
  ...common,
  name: 'totp',
  second: true,
  over: 2 * minute,
  needsReset: true,
  async equip(town, person) {
    await addApp(town, person)
    await addCodes(town, person)
  },
}

const printedCodes: Way = {
  ...app,
  name: 'backup-code',
  over: 61 * minute,
  looks: 25,
  pauses: false,
  needsReset: false,
}

export const ways: readonly Way[] = [
  knownPassword,
  mailedLink,
  mailedCode,
  sentTo('phone', { name: 'sms-code', second: true }),
  app,
  keyed({ name: 'passkey' }),
  keyed({ name: 'security-key', second: true }),
  printedCodes,
]

/** "Forgotten?", by mail: the same password again. */
export async function reset(town: Town, person: Person, visitor: Visitor): Promise<Page> {
  const asked = await visitor.get(`${town.signet.issuer}/recovery`)
  await visitor.submit(asked, { identifier: person.email })
  return visitor.submit(await visitor.get(await newest(town, person, person.email, 'links')), { password })
}

function sentTo(place: 'email' | 'phone', way: Partial<Way> & { readonly name: string }): Way {
  return {
    ...common,
    bound: true,
    over: 11 * minute,
    ...way,
    async equip(town, person) {
      let code = ''
      person.hands.set(way.name, {
        arrive: async () => {
          code = await newest(town, person, person[place], 'codes')
        },
        answer: async (_, right) => ({ code: right ? code : code === '000000' ? '000001' : '000000' }),
      })
    },
  }
}

/** Answers that nobody can guess cost nobody a try. */
function keyed(way: Partial<Way> & { readonly name: string }): Way {
  return {
    ...common,
    bound: true,
    over: 31 * minute,
    looks: 1,
    pauses: false,
    ...way,
    async equip(town, person) {
      const { enrolments } = town.signet.house
      const { issuer } = town.signet
      const site = { origin: issuer, host: new URL(issuer).hostname }
      const key = softKey({ user: person.id })
      const { ticket = '', show } = await enrolments.begin(person.id, way.name, visit)
      const made = { credential: key.create(show?.options as Options, site), ticket }
      const enrolled = await enrolments.finish(person.id, way.name, made, visit)
      if (enrolled.status !== 'enrolled') throw new Error(`${way.name}: ${enrolled.reason}`)
      await addCodes(town, person)
      person.hands.set(way.name, {
        async answer(page, right) {
          const asked = page.document.querySelector('[data-webauthn]')?.getAttribute('data-options') ?? ''
          return { credential: key.get(JSON.parse(asked), { ...site, forged: !right }) }
        },
      })
    },
  }
}

async function addApp({ signet, now }: Town, { id, hands }: Person): Promise<void> {
  await signet.house.enrolments.adopt(id, 'totp', { totp_secret: seed })
  hands.set('totp', {
    answer: async (_, right) => ({ code: codeOf(seed, now() - (right ? 0 : 100 * minute)) }),
  })
}

async function addCodes({ signet }: Town, { id, hands }: Person): Promise<void> {
  const { enrolments } = signet.house
  const { ticket = '', show } = await enrolments.begin(id, 'backup-code', visit)
  await enrolments.finish(id, 'backup-code', { ticket }, visit)
  const codes = [...((show as { codes?: string[] } | undefined)?.codes ?? [])]
  hands.set('backup-code', {
    answer: async (_, right) => ({ code: right ? codes.shift() : 'AAAAA-AAAAA-AAAAA' }),
  })
}

/** A code, or the link that proves or resets; not those to the account and of "this wasn't me". */
const useful = /^\d+$|\/(answer|recovery\/link)\?/

/** Whatever was sent so far arrived, and is of no interest to this person: a stranger's page asks again after too many wrong answers. */
export async function clearInbox({ signet }: Town, { read, email, phone }: Person): Promise<void> {
  const { house } = signet
  await expect.poll(() => house.store.jobs.count(), { timeout: 20_000 }).toBe(0)
  for (const to of [email, phone])
    for (const { codes, links } of (await house.inbox?.messages({ to })) ?? [])
      for (const each of [...codes, ...links]) read.add(each)
}

/** What the next message to there, of this kind, asks to be used. */
async function newest({ signet }: Town, { read }: Person, to: string, kind: 'codes' | 'links') {
  for (let after = ''; ; ) {
    const messages = (await signet.house.inbox?.messages({ to, after, waitMs: 10_000 })) ?? []
    const found = messages.flatMap((each) => each[kind]).find((each) => useful.test(each) && !read.has(each))
    if (found !== undefined) {
      read.add(found)
      return found
    }
    if (messages[0] === undefined) throw new Error(`no message to ${to}`)
    after = messages[0].id
  }
}
