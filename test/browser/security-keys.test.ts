/** Security keys, and keys that prove their make, in a real browser with a virtual authenticator. */
import { X509Certificate } from 'node:crypto'
import { decodeAttestationObject } from '@simplewebauthn/server/helpers'
import { describe, expect, it } from 'vitest'
import { acrOf } from '../../src/domain/assurance.ts'
import { day } from '../../src/domain/time.ts'
import { isAttested } from '../../src/factors/webauthn-makes.ts'
import { createCertificate } from '../messaging/certificate.ts'
import { addPerson } from '../support/person.ts'
import { plugIn } from './authenticator.ts'
import { typePassword, useKeyHolders, ways } from './key-holders.ts'
import { press, useStage } from './stage.ts'

const { at, enrol, somebodyWith, levelOf } = useKeyHolders()

describe('a security key', () => {
  it('S44: is touched after the password, and keeps nothing by itself', async () => {
    const { id, email, page, authenticator } = await somebodyWith({
      transport: 'usb',
      resident: false,
      verification: false,
    })
    await enrol(page, email, ways.key)
    const [held] = await authenticator.credentials()
    expect(held).toMatchObject({ isResidentCredential: false })
    await page.context().clearCookies()
    await page.goto(at('/account'))
    await typePassword(page, email)
    await authenticator.touches(true)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(at('/account'))
    expect(await levelOf(id)).toEqual({ acr: acrOf('hardware-bound'), amr: ['hwk', 'mfa', 'pwd', 'user'] })

    // Another key than the one that was added is no way in.
    await page.context().clearCookies()
    await authenticator.remove()
    await plugIn(page, { transport: 'usb', resident: false, verification: false })
    await page.goto(at('/account'))
    await typePassword(page, email)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('That was cancelled').waitFor()
  })
})

describe('what proves its make', () => {
  // The make of every virtual authenticator.
  const virtual = '01020304-0506-0708-0102-030405060708'
  const choosy = useStage({
    env: {
      SIGNET_DEMO__ENABLED: 'false',
      SIGNET_FACTORS__PASSKEY__ATTESTATION: 'direct',
      SIGNET_FACTORS__PASSKEY__ALLOW: `[${virtual}]`,
      SIGNET_FACTORS__SECURITY_KEY__ATTESTATION: 'direct',
      SIGNET_FACTORS__SECURITY_KEY__DENY: `[${virtual}]`,
    },
  })

  it('S31: is taken if that make is welcome, and leads to the root of its maker and to no other', async () => {
    await addPerson(choosy.signet.house, 'ana@example.com')
    const page = await choosy.person()
    const sent: string[] = []
    page.on('request', (request) => {
      const answer = new URLSearchParams(request.postData() ?? '').get('credential')
      const made = answer === null ? undefined : JSON.parse(answer).response.attestationObject
      if (made !== undefined) sent.push(made)
    })
    const builtIn = await plugIn(page)
    await page.goto(choosy.signet.issuer + ways.passkey)
    await typePassword(page, 'ana@example.com')
    await press(page, 'Save')
    expect(page.url()).toContain('done=changed')
    await page.goto(choosy.signet.issuer + ways.key)
    await page.waitForURL(choosy.signet.issuer + ways.key)
    await builtIn.remove()
    await plugIn(page, { transport: 'usb', resident: false, verification: false })
    await press(page, 'Save')
    await page.getByText('Keys of this make cannot be used here').waitFor()

    const [passkey = '', key = ''] = sent
    const maker = certificateIn(key)
    expect(await isAttested(passkey, [maker], Date.now())).toBe(true)
    expect(await isAttested(passkey, [createCertificate().cert, maker], Date.now())).toBe(true)
    expect(await isAttested(passkey, [createCertificate().cert], Date.now())).toBe(false)
    expect(await isAttested(passkey, [maker], Date.now() + 40 * 365 * day)).toBe(false)
    expect(await isAttested(passkey, [], Date.now())).toBe(false)
  })
})

/** The maker's certificate, which virtual authenticators sign themselves. */
function certificateIn(attestationObject: string): string {
  const bytes = Uint8Array.from(Buffer.from(attestationObject, 'base64url'))
  const [der = new Uint8Array()] = decodeAttestationObject(bytes).get('attStmt').get('x5c') ?? []
  return new X509Certificate(der).toString()
}
