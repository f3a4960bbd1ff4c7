import { describe, expect, it } from 'vitest'
import type { WebAuthnSettings } from '../../src/factors/webauthn.ts'
import { identified, operator, secret, visit } from '../authentication/house.ts'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { passkeys, windowsHello } from './passkey-world.ts'
import { type Options, softKey } from './soft-key.ts'

describe('a passkey', () => {
  eachStore((_store, open) => {
    const { house, enrol, withPasskey, asked, answer } = passkeys(open)

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
