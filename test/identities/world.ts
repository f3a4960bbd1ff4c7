/** Identities on a real store with real cryptography; messages and ended sessions are kept in lists. */
import { createAuditLog } from '../../src/audit/index.ts'
import { type Duration, day } from '../../src/domain/time.ts'
import { createIdentities } from '../../src/identities/index.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { Store } from '../../src/ports/store.ts'
import { createVault, digest, random } from '../../src/vault/vault.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

export const operator = { kind: 'operator' } as const
export const issuer = 'https://id.example.com'

export type World = Awaited<ReturnType<typeof createWorld>>

export async function createWorld(open: OpenStore) {
  const clock = createClock()
  const store = await open(clock.now)
  return { ...worldOn(store, clock.now), clock, store }
}

/** On a store that the test wrapped: to fail, or to note what is asked of it. */
export function worldOn(store: Store, now: () => number, reserved: Duration = 90 * day) {
  const vault = createVault(new Uint8Array(32).fill(7))
  const audit = createAuditLog({ store, vault, clock: now, random })
  const messages: Message[] = []
  const ended: string[] = []
  const sessions = () => ({
    async endAll(identityId: string) {
      ended.push(identityId)
      return 2
    },
  })
  const messenger = {
    async send(message: Message) {
      messages.push(message)
    },
  }
  const identities = createIdentities({
    ...{ store, clock: now, random, audit, sessions, vault },
    settings: { identifiers: { username_reserved: reserved } },
  })
  return { vault, digest, random, audit, messages, messenger, ended, sessions, identities }
}

/** A store that notes the verbs it is asked for, as `collection.verb`. */
export function noting(store: Store, notes: string[]): Store {
  return wrapped(store, (collection, verb, call) => {
    notes.push(`${collection}.${verb}`)
    return call()
  })
}

/** A store whose `collection.verb` fails, as it does for a process that is killed there. */
export function failing(store: Store, what: string): Store {
  return wrapped(store, (collection, verb, call) => {
    if (`${collection}.${verb}` === what) throw new Error('killed')
    return call()
  })
}

function wrapped(
  store: Store,
  around: (collection: string, verb: string, call: () => unknown) => unknown,
): Store {
  return new Proxy(store, {
    get(target, collection) {
      const value = Reflect.get(target, collection)
      if (typeof value !== 'object' || value === null) return value
      return new Proxy(value, {
        get(verbs, verb) {
          const method = Reflect.get(verbs, verb)
          if (typeof method !== 'function') return method
          return (...args: unknown[]) =>
            around(String(collection), String(verb), () => Reflect.apply(method, verbs, args))
        },
      })
    },
  })
}

export async function parallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)))
}
