import { describe, expect, it } from 'vitest'
import { createPolicies } from '../../src/authentication/policies.ts'
import type { Rule } from '../../src/domain/demand.ts'
import type { Store } from '../../src/ports/store.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { createHouse, day, identified, operator, second, secret, visit } from './house.ts'

const staff: Rule = { name: 'staff', when: { groups: ['staff'] }, level: 'two-factor', enrol_within: 7 * day }
const shop: Rule = { name: 'shop', when: { clients: ['shop'] }, level: 'phishing-resistant' }

describe('rules', () => {
  eachStore((_name, open) => {
    async function processes(rules: readonly Rule[] = []) {
      const clock = createClock()
      const store = await open(clock.now)
      const one = (kept: Store = store) => {
        const { audit } = createHouse(kept, { clock })
        const tools = { store: kept, clock: clock.now, audit, signals: { names: [] } }
        return createPolicies({ ...tools, settings: { policy: { rules } } })
      }
      return { here: one(), there: one(), one, clock, store }
    }

    it('that one process changes count in every other within seconds', async () => {
      const { here, there, clock } = await processes()
      expect(await there.rules()).toEqual([])
      expect(await here.set(staff, operator)).toEqual({ status: 'created' })
      expect(await here.rules()).toEqual([staff])
      clock.advance(3 * second)
      expect(await there.rules()).toEqual([staff])
      expect(await there.set({ ...staff, enrol_within: day }, operator)).toEqual({ status: 'changed' })
      expect(await there.remove('staff', operator)).toEqual({ status: 'removed' })
      clock.advance(3 * second)
      expect(await here.rules()).toEqual([])
    })

    it('are read once for as long, and anew when a clock was set back', async () => {
      const { store, one, clock } = await processes()
      let reads = 0
      const counted = {
        ...store,
        policies: {
          ...store.policies,
          page: (query: Parameters<typeof store.policies.page>[0]) => {
            reads += 1
            return store.policies.page(query)
          },
        },
      }
      const policies = one(counted)
      await Promise.all(Array.from({ length: 20 }, () => policies.rules()))
      expect(reads).toBe(1)
      clock.advance(-day)
      await policies.rules()
      expect(reads).toBe(2)
    })

    it('that could not be read are not taken for none', async () => {
      const { store, one } = await processes()
      let broken = true
      const page = (query: Parameters<typeof store.policies.page>[0]) =>
        broken ? Promise.reject(new Error('no answer')) : store.policies.page(query)
      const policies = one({ ...store, policies: { ...store.policies, page } })
      await expect(policies.rules()).rejects.toThrow('no answer')
      broken = false
      expect(await policies.rules()).toEqual([])
    })

    it('of the configuration win over stored ones of the same name, and are not changed here', async () => {
      const { here, one } = await processes([shop])
      expect(await here.set({ ...shop, level: 'two-factor' }, operator)).toEqual({
        status: 'refused',
        reason: 'configured',
      })
      expect(await here.remove('shop', operator)).toEqual({ status: 'refused', reason: 'configured' })
      expect(await here.remove('nothing', operator)).toEqual({ status: 'refused', reason: 'unknown' })
      const before = await processes()
      await before.here.set({ ...shop, level: 'two-factor' }, operator)
      const after = createPoliciesOver(before.store, [shop], before.clock.now)
      expect(await after.rules()).toEqual([shop])
      expect(await after.list()).toEqual([
        { rule: shop, from: 'configuration', overridden: false },
        { rule: { ...shop, level: 'two-factor' }, from: 'storage', overridden: true },
      ])
      expect(await one().rules()).toEqual([shop])
    })

    it('and who changed them, to what, are in the audit', async () => {
      const { here, store, clock } = await processes()
      await here.set(staff, operator)
      await here.remove('staff', operator)
      const { audit } = createHouse(store, { clock })
      const { items } = await audit.list({ limit: 10 })
      expect(items.map(({ action }) => action)).toEqual(['policy.removed', 'policy.created'])
      expect(items[1]?.details).toEqual({
        rule: 'staff',
        groups: ['staff'],
        level: 'two-factor',
        enrol_within: 7 * day,
      })
    })

    it('that give time give it once: of any number of first sign-ins one begins it, and a removed rule forgets it', async () => {
      const { here, store, clock } = await processes()
      await here.set(staff, operator)
      const house = createHouse(store, { clock, rules: [staff] })
      const id = await house.person('ana@example.com')
      const identity = await house.identities.get(id)
      if (identity === undefined) throw new Error('nobody')
      await house.identities.update(id, { groups: ['staff'] }, operator)
      const askers = await Promise.all(Array.from({ length: 8 }, () => identified(house, 'ana@example.com')))
      await Promise.all(
        askers.map((who) => house.engine.prove(who, visit(), 'password', { password: secret })),
      )
      const [row, ...others] = await store.deferrals.findBy('identityId', id)
      expect(others).toEqual([])
      expect(row?.at).toBe(clock.now())
      await here.remove('staff', operator)
      expect(await store.deferrals.findBy('identityId', id)).toEqual([])
    })
  })
})

function createPoliciesOver(store: Store, rules: readonly Rule[], now: () => number) {
  const { audit } = createHouse(store, {})
  return createPolicies({ store, clock: now, audit, signals: { names: [] }, settings: { policy: { rules } } })
}
