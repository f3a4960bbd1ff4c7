/** What counts in recoveries: codes on paper as the first proof, a browser that is trusted beside another one; and what a drill uses up of them. */
import { describe, expect, it } from 'vitest'
import type { Requirement } from '../../src/domain/authentication.ts'
import { backupCode } from '../../src/factors/backup-code.ts'
import { trustedDevice } from '../../src/factors/trusted-device.ts'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { createHouse, identified, secret, visit } from './house.ts'

const codes = backupCode({ serviceName: 'Signet', settings: { enabled: true, count: 10 } })
const wanting: Requirement = { level: 'two-factor', essential: true, recovery: true }
const drill: Requirement = { ...wanting, drill: true }
const ana = 'ana@example.com'
const laptop = 'a-secret-that-only-the-laptop-has-and-nobody-else'

describe('in a recovery', () => {
  eachStore((_name, open) => {
    /** Ana with a password, ten codes and a laptop that she trusts, from where she signed in before. */
    async function house() {
      const clock = createClock()
      const trusted = new Map<string, number>()
      const store = await open(clock.now)
      const browser = trustedDevice({
        browsers: {
          list: async () =>
            [...trusted].map(([id, trustedAt]) => ({ id, trustedAt, userAgent: 'Firefox on Linux' })),
        },
      })
      const here = createHouse(store, { clock, factors: [codes, browser] })
      const id = await here.person(ana)
      const { ticket = '', show } = await here.enrolments.begin(id, 'backup-code', visit())
      await here.enrolments.finish(id, 'backup-code', { ticket }, visit())
      const known = await identified(here, ana, visit({ device: laptop }))
      await here.engine.prove(known, visit({ device: laptop }), 'password', { password: secret })
      const [row] = await store.devices.findBy('identityId', id)
      if (row === undefined) throw new Error('the laptop is not known')
      here.sent.length = 0
      return { ...here, id, codes: (show?.codes ?? []) as string[], trusted, row }
    }

    it('S28: a backup code may come first and counts once, of any number at the same moment', async () => {
      const here = await house()
      const [code = ''] = here.codes
      const ends = await parallel(8, async () => {
        const who = await identified(here, ana, visit(), wanting)
        return here.engine.prove(who, visit(), 'backup-code', { code })
      })
      expect(ends.filter(({ status }) => status === 'moved')).toHaveLength(1)
      expect(here.sent.map(({ template }) => template)).toContain('backup-code-used')
      expect(here.sent[0]?.about).toMatchObject({ identityId: here.id })
      const who = await identified(here, ana, visit(), wanting)
      await here.engine.choose(who, visit(), 'backup-code')
      const second = await here.engine.prove(who, visit(), 'backup-code', { code: here.codes[1] ?? '' })
      expect(second).toMatchObject({ step: { kind: 'prove', oneOf: ['password'] } })
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'done' },
      })
      const result = await here.engine.redeem(who)
      expect(result).toMatchObject({
        level: 'two-factor',
        recovery: { factors: ['backup-code', 'password'] },
      })
    })

    it('at a sign-in a backup code comes first for nobody, and a trusted browser is no way at all', async () => {
      const here = await house()
      here.trusted.set(here.row.id, here.clock.now())
      const who = await identified(here, ana, visit({ device: laptop }))
      for (const name of ['backup-code', 'trusted-device']) {
        const outcome = await here.engine.prove(who, visit({ device: laptop }), name, {
          code: here.codes[0] ?? '',
        })
        expect(outcome).toMatchObject({ status: 'moved', step: { why: 'first-proof' } })
      }
    })

    it('S28: S27: a drill looks at the same code as often as one likes, and tells nobody', async () => {
      const here = await house()
      const code = here.codes[0] ?? ''
      for (let round = 0; round < 3; round += 1) {
        const who = await identified(here, ana, visit(), drill)
        expect(await here.engine.prove(who, visit(), 'backup-code', { code })).toMatchObject({
          status: 'moved',
        })
        await here.engine.prove(who, visit(), 'password', { password: secret })
        expect(await here.engine.redeem(who, visit())).toBeUndefined()
      }
      expect(here.sent).toEqual([])
      const who = await identified(here, ana, visit(), wanting)
      expect(await here.engine.prove(who, visit(), 'backup-code', { code })).toMatchObject({
        status: 'moved',
      })
      expect(here.sent).not.toEqual([])
    })

    for (const [name, requirement] of [
      ['a drill', drill],
      ['a recovery', wanting],
    ] as const)
      it(`S26: ${name} that came to its end forgets no guesses: whoever has two things must not buy tries at a third`, async () => {
        const here = await house()
        here.trusted.set(here.row.id, here.clock.now())
        const at = visit({ device: laptop })
        const stranger = visit({ address: '198.51.100.7' })
        const guess = async () => {
          const who = await identified(here, ana, stranger)
          return (await here.engine.prove(who, stranger, 'password', { password: 'not it at all, no' }))
            .status
        }
        for (let round = 0; round < 6; round += 1) await guess()
        expect(await guess()).toBe('throttled')
        const who = await identified(here, ana, at, requirement)
        await here.engine.prove(who, at, 'password', { password: secret })
        await here.engine.choose(who, at, 'trusted-device')
        await here.engine.current(who, at)
        expect(await here.engine.prove(who, at, 'trusted-device', {})).toMatchObject({
          step: { kind: 'done' },
        })
        expect(await guess()).toBe('throttled')
      })

    it('a trusted browser counts beside a password, in that browser alone, and S44: never alone or beside codes', async () => {
      const here = await house()
      here.trusted.set(here.row.id, here.clock.now())
      const at = visit({ device: laptop })
      const who = await identified(here, ana, at, wanting)
      expect(await here.engine.prove(who, at, 'trusted-device', {})).toMatchObject({
        step: { why: 'first-proof' },
      })
      await here.engine.prove(who, at, 'password', { password: secret })
      await here.engine.choose(who, at, 'trusted-device')
      expect(await here.engine.current(who, at)).toMatchObject({ show: { here: true } })
      expect(await here.engine.prove(who, at, 'trusted-device', {})).toMatchObject({ step: { kind: 'done' } })

      const other = await identified(here, ana, visit(), wanting)
      await here.engine.prove(other, visit(), 'password', { password: secret })
      await here.engine.choose(other, visit(), 'trusted-device')
      expect(await here.engine.current(other, visit())).toMatchObject({ show: { here: false } })
      expect(await here.engine.prove(other, visit(), 'trusted-device', {})).toMatchObject({
        status: 'refused',
        reason: 'elsewhere',
      })

      const paper = await identified(here, ana, at, wanting)
      const step = await here.engine.prove(paper, at, 'backup-code', { code: here.codes[0] ?? '' })
      expect(step).toMatchObject({ step: { oneOf: ['password'] } })
    })

    it('trust that was taken back, or given anew, voids what was proved with it', async () => {
      const here = await house()
      here.trusted.set(here.row.id, here.clock.now())
      const at = visit({ device: laptop })
      const who = await identified(here, ana, at, wanting)
      await here.engine.prove(who, at, 'password', { password: secret })
      await here.engine.choose(who, at, 'trusted-device')
      await here.engine.current(who, at)
      await here.engine.prove(who, at, 'trusted-device', {})
      here.trusted.set(here.row.id, here.clock.now() + 1_000)
      expect(await here.engine.redeem(who, at)).toBeUndefined()
      here.trusted.delete(here.row.id)
      expect(await here.engine.redeem(who, at)).toBeUndefined()
    })

    it('what is said of how to get back in follows what there is', async () => {
      const here = await house()
      const before = await here.engine.health(here.id)
      expect(before?.outlooks).toContainEqual({
        loss: 'secret',
        lost: ['password'],
        back: { by: 'link', factors: ['password'] },
      })
      expect(await here.engine.health('nobody')).toBeUndefined()
      here.trusted.set(here.row.id, here.clock.now())
      const after = await here.engine.health(here.id)
      expect(after?.outlooks.map(({ loss }) => loss)).toContain('devices')
    })
  })
})
