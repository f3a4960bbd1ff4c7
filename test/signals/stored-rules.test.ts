import { expect, it } from 'vitest'
import { createPolicies } from '../../src/authentication/policies.ts'
import type { Rule } from '../../src/domain/demand.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'

const by = { kind: 'operator' } as const

eachStore((_, open) => {
  it('a stored rule that waits for a signal which is turned off is refused: it would never apply', async () => {
    const clock = createClock()
    const recorded: string[] = []
    const audit = { record: async ({ action }: { action: string }) => void recorded.push(action) }
    const policies = createPolicies({
      store: await open(clock.now),
      clock: clock.now,
      audit: { ...audit, list: async () => ({ items: [] }) },
      signals: { names: ['new-device'] },
      settings: { policy: { rules: [] } },
    })
    const rule = (...signals: string[]): Rule => ({ name: 'unusual', when: { signals }, level: 'two-factor' })
    expect(await policies.set(rule('new-device', 'new-place'), by)).toEqual({
      status: 'refused',
      reason: 'signal-off',
    })
    expect(await policies.list()).toEqual([])
    expect(recorded).toEqual([])
    expect(await policies.set(rule('new-device'), by)).toEqual({ status: 'created' })
    expect(await policies.rules()).toEqual([rule('new-device')])
  })
})
