/** What of a sign-in has to survive a power cut, and what the person just does again. Both engines are told the same; the embedded one listens. */
import { expect, it } from 'vitest'
import type { Store } from '../../src/ports/store.ts'
import { createClock } from '../support/clock.ts'
import { onSqlite } from '../support/stores.ts'
import { mailedCode } from './factors.ts'
import { attempt, createHouse, identified, secret, visit } from './house.ts'

/** The store, and the writes to some of its collections in order: `!` stands before what must not be lost. */
function watched(store: Store, names: readonly (keyof Store)[]) {
  const writes: string[] = []
  const watch = (name: keyof Store) =>
    new Proxy(store[name] as object, {
      get: (target, verb) => {
        const method = Reflect.get(target, verb)
        if (!['insert', 'put', 'replace', 'take', 'remove'].includes(String(verb))) return method
        return (row: unknown, options?: { readonly mayBeLost?: boolean }) => {
          writes.push(`${options?.mayBeLost ? '' : '!'}${String(name)} ${String(verb)}`)
          return method.call(target, row, options)
        }
      },
    })
  const seen = Object.fromEntries(names.map((name) => [name, watch(name)]))
  return { store: { ...store, ...seen } as Store, writes }
}

onSqlite((open) => {
  it('F2: an answer is paid for good before it is looked at, and a result is spent for good; the steps between may be lost', async () => {
    const clock = createClock()
    const { store, writes } = watched(await open(clock.now), ['attempts', 'authentications'])
    const house = createHouse(store, { clock })
    await house.person('ana@example.com')
    const who = await identified(house, 'ana@example.com')
    expect(writes.filter((write) => write.startsWith('!'))).toEqual(['!authentications insert'])
    writes.length = 0
    await house.engine.prove(who, visit(), 'password', { password: 'nonsense' })
    expect(writes.filter((write) => write.includes('attempts')).at(-1)).toBe('!attempts insert')
    writes.length = 0
    await house.engine.prove(who, visit(), 'password', { password: secret })
    expect(writes.filter((write) => write.startsWith('!'))).toEqual(['!attempts replace'])
    writes.length = 0
    await house.engine.redeem(who)
    expect(writes).toEqual(['!authentications replace'])
  })

  it('F2: a try of a question, and a proof that is given up, are gone for good', async () => {
    const clock = createClock()
    const { store, writes } = watched(await open(clock.now), ['authentications'])
    const house = createHouse(store, { clock, factors: [mailedCode] })
    await house.person('ana@example.com')
    const who = await identified(house, 'ana@example.com')
    await house.engine.choose(who, visit(), 'mailed-code')
    writes.length = 0
    await house.engine.prove(who, visit(), 'mailed-code', { code: 'slip' })
    expect(writes).toEqual(['!authentications replace'])
    await house.engine.prove(who, visit(), 'password', { password: secret })
    writes.length = 0
    await house.engine.restart(who)
    expect(writes).toEqual(['!authentications replace'])
  })

  it('S26: all that one try costs is written before the last payment is, which is flushed', async () => {
    const clock = createClock()
    const { store, writes } = watched(await open(clock.now), ['attempts'])
    const house = createHouse(store, { clock })
    await attempt(house, 'nobody@example.com', 'nonsense')
    expect(writes.length).toBeGreaterThan(1)
    expect(writes.map((write) => write.startsWith('!'))).toEqual(
      [...writes.keys()].map((at) => at === writes.length - 1),
    )
  })
})
