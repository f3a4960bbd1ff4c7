import { Problem } from '../../../src/domain/problem.ts'
import type { Store } from '../../../src/ports/store.ts'

/** Makes whole collections fail on demand, as a database does that went away; counts their calls. */
export function breakable(store: Store, broken: ReadonlySet<string>, calls: Map<string, number>): Store {
  const fail = async () => {
    throw new Problem('storage-unavailable', { retryAfter: 2 })
  }
  return new Proxy(store, {
    get(target, name) {
      const collection = Reflect.get(target, name)
      if (typeof collection !== 'object' || collection === null) return collection
      return new Proxy(collection, {
        get: (inner, verb) => {
          const value = Reflect.get(inner, verb)
          if (typeof value !== 'function') return value
          return (...given: unknown[]) => {
            const call = `${String(name)} ${String(verb)}`
            calls.set(call, (calls.get(call) ?? 0) + 1)
            return broken.has(String(name)) ? fail() : value.apply(inner, given)
          }
        },
      })
    },
  })
}
