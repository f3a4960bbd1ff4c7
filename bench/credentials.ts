/** What people prove themselves with beside a password, added through Signet's own services. */

import { loadConfig } from '../src/config.ts'
import { compose } from '../src/house/index.ts'
import { createLogger } from '../src/log.ts'
import { codeOf } from '../test/factors/authenticator.ts'
import { type Options, type SoftKey, softKey, type Whims } from '../test/factors/soft-key.ts'

/** Somebody with a passkey that any of their devices has. */
export interface KeyHolder {
  readonly person: string
  readonly key: SoftKey
  /** What the key said when it was made, for whoever else is to know it. */
  readonly made: string
}

export const synced = { syncable: true, backedUp: true } as const
export const madeFor = { origin: 'http://localhost:1', host: 'localhost', challenge: 'made-for-the-bench' }

type House = Awaited<ReturnType<typeof compose>>
const visit = { address: '127.0.0.1', language: 'en', userAgent: 'bench' }

/** A passkey for each of `one`, and for each of `ten` that many ways in all: with a password and an authenticator app they have two. */
export async function addKeys(
  env: Record<string, string>,
  { one, ten }: { readonly one: readonly string[]; readonly ten: readonly string[] },
): Promise<{ readonly one: readonly KeyHolder[]; readonly ten: readonly KeyHolder[] }> {
  const config = loadConfig({ env: { ...process.env, ...env }, cwd: process.cwd() })
  const house = await compose(config, { log: createLogger({ level: 'silent' }) })
  try {
    const single: KeyHolder[] = []
    for (const person of one) single.push(await addKey(house, person))
    const many: KeyHolder[] = []
    for (const person of ten) many.push(await addEight(house, person))
    return { one: single, ten: many }
  } finally {
    await house.close()
  }
}

async function addEight(house: House, person: string): Promise<KeyHolder> {
  const holder = await addKey(house, person)
  for (let more = 0; more < 3; more++) await addKey(house, person)
  for (let more = 0; more < 2; more++) await addKey(house, person, 'security-key')
  await add(house, person, 'totp', ({ groups }) => ({
    code: codeOf((groups as string[]).join(''), Date.now()),
  }))
  await add(house, person, 'backup-code', () => ({}))
  return holder
}

async function addKey(house: House, person: string, factor = 'passkey'): Promise<KeyHolder> {
  const identity = await house.identities.findByIdentifier('email', person)
  const key = softKey({ user: identity?.id ?? '' })
  const { origin } = new URL(house.config.issuer)
  await add(house, person, factor, ({ options }) => ({
    credential: key.create(options as Options, { ...synced, origin, host: 'localhost' } satisfies Whims),
  }))
  return { person, key, made: key.create({ challenge: madeFor.challenge }, { ...synced, ...madeFor }) }
}

async function add(
  { identities, enrolments }: House,
  person: string,
  factor: string,
  answer: (show: Readonly<Record<string, unknown>>) => Record<string, string>,
): Promise<void> {
  const { id = '' } = (await identities.findByIdentifier('email', person)) ?? {}
  const { ticket = '', show = {} } = await enrolments.begin(id, factor, visit)
  const finished = await enrolments.finish(id, factor, answer(show), visit, { ticket })
  if (finished.status !== 'enrolled') throw new Error(`${factor} of ${person}: ${finished.reason}`)
}
