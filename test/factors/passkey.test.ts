import { describe, expect, it } from 'vitest'
import { guess, identified, minute, secret, visit } from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { passkeys } from './passkey-world.ts'
import { type Options, softKey, type Whims } from './soft-key.ts'

describe('a passkey', () => {
  eachStore((_store, open) => {
    const { house, enrol, withPasskey, asked, answer, refused } = passkeys(open)

    it('S31: names its owner, is two factors alone, and is worth what it says about itself', async () => {
      const here = await house()
      const levels = {
        'hardware-bound': {},
        'phishing-resistant': { syncable: true, backedUp: true },
      } as const
      for (const [level, whims] of Object.entries(levels)) {
        const { id, key } = await withPasskey(here, whims, `${level}@example.com`)
        const { who, options, asks } = await asked(here)
        expect(asks).toBe('passkey')
        expect(options).toMatchObject({
          rpId: 'id.example.com',
          userVerification: 'required',
          allowCredentials: [],
        })
        expect(await answer(here, who, key.get(options, whims))).toMatchObject({ step: { kind: 'done' } })
        expect(await here.engine.redeem(who)).toMatchObject({
          identityId: id,
          level,
          amr: [level === 'hardware-bound' ? 'hwk' : 'swk', 'mfa', 'user'].sort(),
        })
      }
    })

    it('S31: is looked at for everything: origin, host, question, kind, presence, verification, frame, owner, signature', async () => {
      const here = await house()
      const { key } = await withPasskey(here)
      const wrong: Whims[] = [
        { origin: 'https://id.example.com.evil.example' },
        { origin: 'http://id.example.com' },
        { origin: 'https://id.example.com:8443' },
        { host: 'example.com' },
        { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
        { type: 'webauthn.create' },
        { present: false },
        { verified: false },
        { crossOrigin: true },
        { userHandle: Buffer.from('somebody else').toString('base64url') },
        { userHandle: undefined },
        // What could be copied once cannot become what cannot be.
        { syncable: true },
        { backedUp: true },
        { forged: true },
      ]
      for (const whims of wrong) {
        const { who, options } = await asked(here)
        expect(await answer(here, who, key.get(options, whims)), JSON.stringify(whims)).toEqual(refused)
      }
      for (const credential of [
        '',
        '{}',
        'null',
        '[1]',
        '{"id":"x"}',
        '{"id":{"$ne":1},"response":3}',
        'x'.repeat(50_000),
      ]) {
        const { who } = await asked(here)
        expect(await answer(here, who, credential), credential.slice(0, 40)).toMatchObject(refused)
      }
      const { who, options } = await asked(here)
      expect(await answer(here, who, key.get(options, { origin: 'https://id.example.org' }))).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('F3: S31: of 2, 8 and 32 answers to one challenge one is looked at, and a replay is not', async () => {
      const here = await house()
      const { key } = await withPasskey(here)
      for (const racers of [2, 8, 32]) {
        const { who, options } = await asked(here)
        const credential = key.get(options)
        await parallel(racers, () => answer(here, who, credential))
        const { items } = await here.audit.list({ action: 'authentication.completed', limit: 100 })
        expect(items).toHaveLength([2, 8, 32].indexOf(racers) + 1)
        expect(await here.engine.redeem(who)).toBeDefined()
        // The same answer, for another question of the same browser and for another browser.
        for (const later of [
          await asked(here, { ...who, consumer: `interaction:later ${racers}` }),
          await asked(here),
        ])
          expect(await answer(here, later.who, credential)).toEqual(refused)
      }
    })

    it('answers one question within its life, in the browser that was asked', async () => {
      const here = await house()
      const { key } = await withPasskey(here)
      const { who, options } = await asked(here)
      here.clock.advance(31 * minute)
      expect(await answer(here, who, key.get(options))).toMatchObject({ reason: 'challenge-expired' })
      const again = await asked(here, who)
      expect(again.options.challenge).not.toBe(options.challenge)
      const elsewhere = { ...who, browser: 'another browser of somebody else' }
      expect(await answer(here, elsewhere, key.get(again.options))).toEqual({ status: 'lost' })
      expect(await answer(here, who, key.get(again.options))).toMatchObject({ step: { kind: 'done' } })
    })

    it('S31: whose counter does not rise exists twice: refused, its owner is told, the audit knows', async () => {
      const here = await house()
      const { id, key } = await withPasskey(here)
      const attempt = async (counter: number, more: Whims = {}) => {
        const { who, options } = await asked(here)
        return answer(here, who, key.get(options, { counter, ...more }))
      }
      expect(await attempt(5)).toMatchObject({ step: { kind: 'done' } })
      // Who cannot sign cannot raise an alarm.
      expect(await attempt(4, { forged: true })).toEqual(refused)
      await here.engine.settle()
      expect(here.sent).toEqual([])
      for (const counter of [5, 4, 0]) expect(await attempt(counter)).toEqual(refused)
      await here.engine.settle()
      expect(here.sent.map(({ template, values }) => [template, values.factor])).toEqual(
        Array(3).fill(['credential-suspected', 'passkey']),
      )
      const { items } = await here.audit.list({ action: 'credential.suspected', limit: 10 })
      expect(items).toHaveLength(3)
      expect(items[0]).toMatchObject({ identityId: id, result: 'failure', reason: 'copied' })
      expect(await attempt(6)).toMatchObject({ step: { kind: 'done' } })
    })

    it('is not guessed at: wrong answers cost the address, and neither the owner nor another way', async () => {
      const here = await house()
      const { key } = await withPasskey(here)
      let outcome: { readonly status: string } = refused
      for (let round = 0; round < 26; round += 1) {
        const { who, options } = await asked(here)
        outcome = await answer(here, who, key.get(options, { forged: true }))
      }
      expect(outcome).toMatchObject({ status: 'throttled', locked: false })
      const who = await identified(here, 'ana@example.com', visit({ address: '198.51.100.9' }))
      const next = await here.engine.prove(who, visit({ address: '198.51.100.9' }), 'password', {
        password: secret,
      })
      expect(next).toMatchObject({ step: { kind: 'prove', oneOf: ['passkey'] } })
    })

    it('S26: lets its owner in while a stranger guesses the password', async () => {
      const here = await house()
      const { key } = await withPasskey(here)
      await guess(here, 'ana@example.com', 5, visit({ address: '198.51.100.1' }))
      const { who, options } = await asked(here)
      expect(await answer(here, who, key.get(options))).toMatchObject({ step: { kind: 'done' } })
    })

    it('S32: a named person and nobody are asked the same, and answered the same', async () => {
      const here = await house()
      const { key } = await withPasskey(here)
      const ben = await withPasskey(here, {}, 'ben@example.com')
      const seen = []
      for (const name of ['ana@example.com', 'nobody@example.com']) {
        const outcomes = []
        for (const other of [ben.key, softKey({ user: 'x' })]) {
          const who = await identified(here, name)
          await here.engine.choose(who, visit(), 'passkey')
          const { show } = (await here.engine.current(who, visit())) ?? {}
          const options = show?.options as Options
          outcomes.push({ ...options, challenge: '' }, await answer(here, who, other.get(options)))
        }
        seen.push(outcomes)
      }
      expect(seen[0]).toEqual(seen[1])
      expect(seen[0]?.[3]).toEqual({ status: 'refused', reason: 'unknown' })
      // Whoever typed their name first may still use their key.
      const who = await identified(here, 'ana@example.com')
      await here.engine.choose(who, visit(), 'passkey')
      const options = (await here.engine.current(who, visit()))?.show?.options as Options
      expect(await answer(here, who, key.get(options))).toMatchObject({ step: { kind: 'done' } })
    })

    it('S44: without verification is one factor, after a password and not before', async () => {
      const here = await house()
      const { id, key } = await withPasskey(here, { verified: false })
      const listed = await here.enrolments.list(id)
      expect(listed.find(({ factor }) => factor === 'passkey')).toMatchObject({
        needsCompanion: true,
        strength: { categories: ['possession'] },
      })
      const first = await asked(here)
      expect(await answer(here, first.who, key.get(first.options, { verified: false }))).toEqual(refused)

      const who = await identified(here, 'ana@example.com')
      await here.engine.prove(who, visit(), 'password', { password: secret })
      const options = (await here.engine.current(who, visit()))?.show?.options as Options
      expect(options).toMatchObject({
        userVerification: 'preferred',
        allowCredentials: [{ id: key.id, type: 'public-key', transports: ['internal'] }],
      })
      expect(await answer(here, who, key.get(options, { verified: false }))).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await here.engine.redeem(who)).toMatchObject({
        level: 'hardware-bound',
        amr: ['hwk', 'mfa', 'pwd', 'user'],
      })

      // Alone it would be a way that leads nowhere.
      const ben = await here.person('ben@example.com', { password: null })
      expect(await enrol(here, ben, softKey({ user: ben }), { whims: { verified: false } })).toMatchObject({
        reason: 'unverified',
      })
    })
  })
})
