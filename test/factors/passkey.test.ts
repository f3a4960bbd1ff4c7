import { describe, expect, it } from 'vitest'
import { passkey } from '../../src/factors/passkey.ts'
import { securityKey } from '../../src/factors/security-key.ts'
import type { WebAuthnSettings } from '../../src/factors/webauthn.ts'
import {
  asker,
  createHouse,
  guess,
  type House,
  identified,
  minute,
  operator,
  plain,
  secret,
  visit,
} from '../authentication/fixture.ts'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { type Options, type SoftKey, softKey, type Whims } from './soft-key.ts'

const settings: WebAuthnSettings = {
  enabled: true,
  attestation: 'none',
  attestation_roots: [],
  allow: [],
  deny: [],
}
const windowsHello = Buffer.from('08987058cadc4b81b6e130de50dcbe96', 'hex')
const relatedOrigins = ['https://id.example.org']

describe('a passkey', () => {
  eachStore((_name, open) => {
    async function house(change: Partial<WebAuthnSettings> = {}) {
      const clock = createClock()
      const tools = { serviceName: 'Signet', relatedOrigins, settings: { ...settings, ...change } }
      return createHouse(await open(clock.now), { clock, factors: [passkey(tools), securityKey(tools)] })
    }

    async function enrol(
      { enrolments }: House,
      id: string,
      key: SoftKey,
      { whims = {}, factor = 'passkey' }: { whims?: Whims; factor?: string } = {},
    ) {
      const { ticket = '', show } = await enrolments.begin(id, factor, visit())
      const credential = key.create(show?.options as Options, whims)
      return enrolments.finish(id, factor, { credential, ticket }, visit())
    }

    /** Somebody with a password and a passkey. */
    async function withPasskey(here: House, whims: Whims = {}, email = 'ana@example.com') {
      const id = await here.person(email)
      const key = softKey({ user: id })
      const enrolled = await enrol(here, id, key, { whims })
      expect(enrolled.status).toBe('enrolled')
      return { id, key }
    }

    async function asked({ engine }: House, who = asker()) {
      await engine.open(who, { requirement: plain })
      const now = await engine.current(who, visit())
      return { who, options: now?.show?.options as Options, asks: now?.asks }
    }

    const answer = (
      { engine }: House,
      who: ReturnType<typeof asker>,
      credential: string,
      factor = 'passkey',
    ) => engine.prove(who, visit(), factor, { credential })

    const refused = { status: 'refused' }

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

    it('is enrolled once, for this question, this origin and this person', async () => {
      const here = await house()
      const { id, key } = await withPasskey(here)
      const ben = await here.person('ben@example.com')
      expect(await enrol(here, ben, key)).toMatchObject({ reason: 'taken' })
      for (const whims of [
        { origin: 'https://evil.example' },
        { host: 'example.com' },
        { challenge: 'AAAA' },
        { type: 'webauthn.get' },
        { present: false },
      ])
        expect(await enrol(here, ben, softKey(), { whims }), JSON.stringify(whims)).toMatchObject({
          reason: 'failed',
        })
      const { ticket = '', show } = await here.enrolments.begin(ben, 'passkey', visit())
      const form = { credential: softKey({ user: ben }).create(show?.options as Options), ticket }
      expect(await here.enrolments.finish(id, 'passkey', form, visit())).toMatchObject({
        reason: 'challenge-expired',
      })
      const outcomes = await parallel(8, () => here.enrolments.finish(ben, 'passkey', form, visit()))
      expect(outcomes.filter(({ status }) => status === 'enrolled')).toHaveLength(1)
      const next = await here.enrolments.begin(ben, 'passkey', visit())
      expect(next.show?.options).toMatchObject({
        rp: { id: 'id.example.com', name: 'Signet' },
        user: { id: Buffer.from(ben).toString('base64url'), name: 'ben@example.com' },
        excludeCredentials: [{ transports: ['internal'] }],
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true },
        attestation: 'none',
      })
      expect(next.show?.accepted).toMatchObject({ ids: [expect.any(String)] })
    })

    it('is called by the name of its make, can be renamed, and goes when its owner says so', async () => {
      const here = await house()
      const id = await here.person('ana@example.com', { password: null })
      const first = await enrol(here, id, softKey({ user: id, aaguid: windowsHello }))
      expect(first).toMatchObject({ credential: { label: 'Windows Hello' } })
      const { enrolments } = here
      const [own] = await enrolments.list(id)
      const credentialId = own?.id ?? ''
      expect(own).not.toHaveProperty('data')
      for (const label of ['', '  ', 'x'.repeat(65)])
        expect(await enrolments.rename(id, credentialId, label, operator)).toMatchObject({ reason: 'label' })
      expect(await enrolments.rename('somebody else', credentialId, 'Mine', operator)).toMatchObject({
        reason: 'unknown',
      })
      expect(await enrolments.rename(id, credentialId, ' My\tlaptop\u202e ', operator)).toEqual({
        status: 'renamed',
      })
      expect(await enrolments.list(id)).toMatchObject([
        { label: 'My laptop', strength: { hardwareBound: true } },
      ])
      const { items } = await here.audit.list({ action: 'credential.renamed', limit: 10 })
      expect(items).toMatchObject([{ identityId: id, details: { factor: 'passkey' } }])

      expect(await enrolments.remove(id, credentialId, operator)).toMatchObject({ reason: 'last-way' })
      await enrolments.finish(id, 'password', { password: secret }, visit())
      expect(await enrolments.remove(id, credentialId, operator)).toEqual({ status: 'removed' })
    })

    it('that is lost can be taken away by an administrator: the other way is sufficient again', async () => {
      const here = await house()
      const { id, key } = await withPasskey(here)
      const own = (await here.enrolments.list(id)).find(({ factor }) => factor === 'passkey')
      await here.enrolments.remove(id, own?.id ?? '', operator, { force: true })
      const { who, options } = await asked(here)
      expect(await answer(here, who, key.get(options))).toEqual({ status: 'refused', reason: 'unknown' })
      const again = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(again, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('of a make that is not wanted cannot be added', async () => {
      const hello = '08987058-CADC-4b81-b6e1-30de50dcbe96'
      const cases: readonly [Partial<WebAuthnSettings>, Buffer, string][] = [
        [{ deny: [hello] }, windowsHello, 'refused'],
        [{ deny: [hello] }, Buffer.alloc(16), 'enrolled'],
        [{ allow: [hello], attestation: 'direct' }, windowsHello, 'enrolled'],
        [{ allow: [hello], attestation: 'direct' }, Buffer.alloc(16), 'refused'],
        // It says so, and cannot prove it.
        [{ allow: [hello], attestation: 'direct', attestation_roots: ['x'] }, windowsHello, 'refused'],
      ]
      for (const [change, aaguid, status] of cases) {
        const here = await house(change)
        const id = await here.person('ana@example.com')
        const outcome = await enrol(here, id, softKey({ user: id, aaguid }))
        expect(outcome).toMatchObject(status === 'refused' ? { status, reason: 'make' } : { status })
      }
    })

    it('S31: where roots are configured, only what proves its make is hardware-bound', async () => {
      const here = await house({ attestation: 'direct', attestation_roots: ['x'] })
      const { key } = await withPasskey(here)
      const { who, options } = await asked(here)
      await answer(here, who, key.get(options))
      expect(await here.engine.redeem(who)).toMatchObject({
        level: 'phishing-resistant',
        amr: ['hwk', 'mfa', 'user'],
      })
    })

    it('S44: a security key is a second step, whoever it knows, and never the first', async () => {
      const here = await house()
      const id = await here.person('ana@example.com')
      const key = softKey()
      expect(
        await enrol(here, id, key, { factor: 'security-key', whims: { verified: false } }),
      ).toMatchObject({ status: 'enrolled' })
      const first = await asked(here)
      expect(await answer(here, first.who, key.get(first.options), 'security-key')).toMatchObject({
        step: { kind: 'identify' },
      })

      const who = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'prove', oneOf: ['security-key'] },
      })
      const options = (await here.engine.current(who, visit()))?.show?.options as Options
      expect(options).toMatchObject({ userVerification: 'discouraged', allowCredentials: [{ id: key.id }] })
      const credential = key.get(options, { verified: false, userHandle: undefined })
      expect(await answer(here, who, credential, 'security-key')).toMatchObject({ step: { kind: 'done' } })
      expect(await here.engine.redeem(who)).toMatchObject({
        level: 'hardware-bound',
        amr: ['hwk', 'mfa', 'pwd', 'user'],
      })
    })
  })
})
