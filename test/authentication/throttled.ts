import { createAttempts, type Subject } from '../../src/authentication/attempts.ts'
import { createVault } from '../../src/vault/vault.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'
import { createHouse, throttle, visit } from './house.ts'

export const device = 'd'.repeat(22)
export const stranger = visit({ address: '198.51.100.9', userAgent: 'Somebody else' })

export function throttled(open: OpenStore) {
  const house = async (options: Parameters<typeof createHouse>[1] = {}) => {
    const clock = createClock()
    return createHouse(await open(clock.now), { clock, ...options })
  }
  const wrong = 'not the right one at all'
  const budget = async (settings: Partial<typeof throttle> = {}) => {
    const clock = createClock()
    const store = await open(clock.now)
    const vault = createVault(new Uint8Array(32))
    return {
      clock,
      store,
      ...createAttempts({ store, vault, clock: clock.now, settings: { ...throttle, ...settings } }),
    }
  }
  const subject: Subject = { kind: 'identifier', value: 'email:ana@example.com' }
  return { house, wrong, budget, subject }
}
