/** An authentication engine on a real store with real cryptography and real hashing (cheap parameters); messages are kept in a list. */
import { createAuditLog } from '../../src/audit/index.ts'
import { createEnrolments } from '../../src/authentication/enrolment.ts'
import {
  type Asker,
  type AuthenticationEngine,
  createAuthentication,
  type Outcome,
  type Visit,
} from '../../src/authentication/index.ts'
import type { Level } from '../../src/domain/assurance.ts'
import type { Requirement } from '../../src/domain/authentication.ts'
import type { Rule } from '../../src/domain/demand.ts'
import { day, hour, minute, second } from '../../src/domain/time.ts'
import { password } from '../../src/factors/password.ts'
import { createIdentities } from '../../src/identities/index.ts'
import type { Factors } from '../../src/ports/factor.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { PasswordHasher } from '../../src/ports/password-hasher.ts'
import type { Places } from '../../src/ports/places.ts'
import type { RiskSignals } from '../../src/ports/signal.ts'
import type { Store } from '../../src/ports/store.ts'
import { createPasswordHasher } from '../../src/vault/hash-pool.ts'
import { createVault, digest, random } from '../../src/vault/vault.ts'
import { createClock } from '../support/clock.ts'

export const issuer = 'https://id.example.com'
export const operator = { kind: 'operator' } as const
export const secret = 'seven green bicycles sing'

export const throttle = {
  free_tries: 5,
  free_tries_per_address: 25,
  first_pause: 30 * second,
  longest_pause: hour,
  forget_after: day,
  lock_after: 100,
}

export const hashing = {
  memory: 64 * 1024,
  iterations: 1,
  parallelism: 1,
  in_flight: 0,
  queue: 1_000,
  queue_per_address: 1_000,
  nice: 0,
}

export const passwordSettings = {
  enabled: true,
  min_length: 15,
  min_length_with_second_factor: 8,
  max_length: 256,
  breach_check: { url: null, timeout: second },
}

export const quiet = { debug() {}, info() {}, warn() {}, error() {} }

let pool: ReturnType<typeof createPasswordHasher> | undefined

/** One hashing process for a test file; `calls` notes what it is asked. */
export function sharedHasher(): PasswordHasher & { readonly calls: string[] } {
  pool ??= createPasswordHasher(hashing)
  const { hash, verify, admit, outdated } = pool
  const calls: string[] = []
  return {
    calls,
    hash(text, address) {
      calls.push('hash')
      return hash(text, address)
    },
    verify(phc, text, address) {
      calls.push('verify')
      return verify(phc, text, address)
    },
    admit,
    outdated,
  }
}

/** Ends the hashing process of this file's houses. */
export async function closeHasher(): Promise<void> {
  await pool?.close()
  pool = undefined
}

export interface HouseOptions {
  readonly clock?: ReturnType<typeof createClock>
  /** Beside the password. */
  readonly factors?: Factors
  readonly level?: Level
  readonly rules?: readonly Rule[]
  readonly suggest?: number
  readonly throttle?: Partial<typeof throttle>
  readonly signals?: RiskSignals
  readonly places?: Places
  readonly hasher?: PasswordHasher
}

export type House = ReturnType<typeof createHouse>

/** Everything of one process on `store`. */
export function createHouse(store: Store, options: HouseOptions = {}) {
  const { clock = createClock(), hasher = sharedHasher(), level = 'single-factor' } = options
  const vault = createVault(new Uint8Array(32).fill(7))
  const sent: Message[] = []
  const audit = createAuditLog({ store, vault, clock: clock.now, random })
  const identities = createIdentities({
    store,
    clock: clock.now,
    random,
    audit,
    sessions: () => ({ endAll: async () => 0 }),
    vault,
    settings: { identifiers: { username_reserved: 0 } },
  })
  const factors: Factors = [
    password({
      hasher,
      log: quiet,
      serviceName: 'Signet',
      settings: passwordSettings,
      fetch: () => Promise.reject(new Error('no network here')),
    }),
    ...(options.factors ?? []),
  ]
  const tools = {
    store,
    identities,
    factors,
    rules: async () => options.rules ?? [],
    vault,
    digest,
    clock: clock.now,
    random,
    audit,
    log: quiet,
    issuer,
    messenger: {
      async send(message: Message) {
        sent.push(message)
      },
    },
    settings: {
      throttle: { ...throttle, ...options.throttle },
      policy: { level, suggest: options.suggest ?? null },
      lifetimes: { authentication: hour },
    },
  }
  const enrolments = createEnrolments(tools)
  const { signals, places } = options
  const engine = createAuthentication({
    ...tools,
    enrolments,
    ...(signals === undefined ? {} : { signals }),
    ...(places === undefined ? {} : { places }),
  })

  /** Somebody with a proved address and, unless told otherwise, a password. */
  async function person(email: string, options: { password?: string | null; username?: string } = {}) {
    const created = await identities.create(
      {
        identifiers: [
          { kind: 'email', written: email, verified: true },
          ...(options.username === undefined
            ? []
            : [{ kind: 'username' as const, written: options.username }]),
        ],
        state: 'active',
      },
      operator,
    )
    if (created.status !== 'created') throw new Error(`${email} is ${created.status}`)
    const { id } = created.identity
    if (options.password !== null)
      await enrolments.finish(id, 'password', { password: options.password ?? secret }, visit())
    return id
  }

  return {
    store,
    clock,
    vault,
    audit,
    identities,
    factors,
    enrolments,
    engine,
    sent,
    person,
    hasher,
  }
}

export function visit(more: Partial<Visit> = {}): Visit {
  return { address: '203.0.113.7', language: 'en', userAgent: 'Test browser', traceId: 'trace-1', ...more }
}

let askers = 0

/** A browser that opened something of its own. */
export function asker(more: Partial<Asker> = {}): Asker {
  askers += 1
  return { consumer: `interaction:${askers}`, browser: `browser-secret-${askers}-${'x'.repeat(22)}`, ...more }
}

export const plain: Requirement = { level: 'none', essential: false }

/** Opens a process and says who one is; answers who asks. */
export async function identified(
  { engine }: { readonly engine: AuthenticationEngine },
  text: string,
  at: Visit = visit(),
  requirement: Requirement = plain,
): Promise<Asker> {
  const who = asker()
  await engine.open(who, { requirement, clientId: 'app' })
  await engine.identify(who, at, text)
  return who
}

/** One whole try in a process of its own. */
export async function attempt(
  house: { readonly engine: AuthenticationEngine },
  text: string,
  typed: string,
  at: Visit = visit(),
): Promise<Outcome> {
  const who = await identified(house, text, at)
  return house.engine.prove(who, at, 'password', { password: typed })
}

/** `count` wrong answers, waiting out each pause. */
export async function guess(house: House, text: string, count: number, at: Visit = visit()): Promise<void> {
  const who = await identified(house, text, at)
  for (let round = 0; round < count; ) {
    const outcome = await house.engine.prove(who, at, 'password', { password: `wrong guess ${round}` })
    if (outcome.status === 'refused') round += 1
    else if (outcome.status === 'throttled')
      house.clock.advance(Math.max(1, outcome.retryAt - house.clock.now()))
    else if (outcome.status === 'lost') throw new Error('the process ended')
    else throw new Error(outcome.status)
    await minuteless(house, who, text, at)
  }
}

/** Guessing takes longer than a process lives. */
async function minuteless(house: House, who: Asker, text: string, at: Visit): Promise<void> {
  if ((await house.engine.current(who, at)) !== undefined) return
  await house.engine.open(who, { requirement: plain, clientId: 'app' })
  await house.engine.identify(who, at, text)
}

export type { Asker }
export { day, hour, minute, second }
