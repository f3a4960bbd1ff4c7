// WebAuthn ceremonies, as far as they are the same for every factor that is a public key: questions, answers, and what a key is worth.
// Which keys are asked for and when is each factor's own file; the library checks bytes and signatures.
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Strength } from '../domain/assurance.ts'
import { displayName } from '../domain/identity.ts'
import { minute } from '../domain/time.ts'
import type { Context, Enrolled, Form, Shown, Verdict } from '../ports/factor.ts'
import { isAttested, isWelcome, type MakeSettings, nameOfMake } from './webauthn-makes.ts'

export interface WebAuthnSettings extends MakeSettings {
  readonly enabled: boolean
}

export interface WebAuthnTools<Settings extends WebAuthnSettings = WebAuthnSettings> {
  readonly serviceName: string
  /** Further origins that may use keys made here (WebAuthn 5.11). */
  readonly relatedOrigins: readonly string[]
  readonly settings: Settings
}

/** A public key, and what its authenticator said about it. */
export interface Key {
  /** Credential id, base64url. */
  readonly id: string
  /** COSE, base64url. */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  readonly aaguid: string
  /** It may be copied to other devices (BE); fixed for its life. */
  readonly syncable: boolean
  /** It was copied when it was last used (BS). */
  readonly backedUp: boolean
  readonly attested: boolean
}

export interface Nonce {
  readonly challenge: string
  readonly verification: Verification
}

/** Whether the authenticator has to make sure who holds it. */
export type Verification = 'required' | 'preferred' | 'discouraged'

type Library = typeof import('@simplewebauthn/server')
type Descriptor = NonNullable<
  Parameters<Library['generateRegistrationOptions']>[0]['excludeCredentials']
>[number]

/** Loaded with the first key, because it takes a moment of the start otherwise. */
async function library(): Promise<Library> {
  const loaded = await import('@simplewebauthn/server')
  // Whom to trust is in our settings; for roots of its own the library would ask the network.
  for (const identifier of ['apple', 'android-key', 'android-safetynet'] as const)
    loaded.SettingsService.setRootCertificates({ identifier, certificates: [] })
  return loaded
}

const patience = 5 * minute

/** EdDSA, ES256, RS256 (COSE): what authenticators have. Named, because the library's own list depends on an experiment of Node. */
const algorithms = [-8, -7, -257]

/**
 * Stands in for a key that is not there, so that the same is done. The generator of P-256: a point whose private key (1) is known to all, which
 * matters to nobody, because what a decoy proves is thrown away.
 */
export const decoyKey: Key = {
  id: '',
  publicKey:
    'pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
  counter: 0,
  transports: [],
  aaguid: '',
  syncable: false,
  backedUp: false,
  attested: false,
}

/** How a person is known to their authenticators: no address, and the same for good (WebAuthn 5.4.3). */
export function userHandle(identityId: string): string {
  return Buffer.from(identityId).toString('base64url')
}

/** The id of the key that answers; undefined for what is no answer. */
export function keyIdIn(form: Form): string | undefined {
  const id = answerIn<AuthenticationResponseJSON>(form)?.id
  return typeof id === 'string' && /^[\w-]{1,1400}$/.test(id) ? id : undefined
}

/** Asks for a signature: by any key of this server, or by one of `keys`. */
export async function askForSignature(
  { host, random }: Context,
  keys: readonly Key[],
  verification: Verification,
): Promise<{ challenge: Nonce; show: Shown }> {
  const challenge = random(32)
  const allowCredentials = keys.map((key) => ({ ...descriptor(key), type: 'public-key' }))
  const options = {
    challenge,
    rpId: host,
    timeout: patience,
    userVerification: verification,
    allowCredentials,
  }
  return { challenge: { challenge, verification }, show: { options } }
}

/** What the signature says, once everything about it was checked. */
export interface Signed {
  readonly key: Key
  readonly verified: boolean
}

/**
 * Checks a signature (WebAuthn 7.2): this question, this origin, this key, its owner. A counter that does not rise means that the key exists
 * twice (6.1.1): refused with an alarm, only once the signature itself is known to be good.
 */
export async function checkSignature(
  { relatedOrigins }: Pick<WebAuthnTools, 'relatedOrigins'>,
  { origin, host, identity, first }: Context,
  key: Key,
  nonce: Nonce | undefined,
  form: Form,
): Promise<Signed | Extract<Verdict<Key>, { status: 'refused' }>> {
  const response = answerIn<AuthenticationResponseJSON>(form)
  if (response === undefined || nonce === undefined) return plainly
  const { verifyAuthenticationResponse } = await library()
  try {
    const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: nonce.challenge,
      expectedOrigin: [origin, ...relatedOrigins],
      expectedRPID: host,
      requireUserVerification: nonce.verification === 'required',
      credential: {
        id: key.id,
        publicKey: Uint8Array.from(Buffer.from(key.publicKey, 'base64url')),
        counter: 0,
      },
    })
    const syncable = info.credentialDeviceType === 'multiDevice'
    const { userHandle: owner } = response.response
    const ownersKey = owner === undefined ? first !== true : owner === userHandle(identity?.id ?? '')
    const framed = isFramed(response.response.clientDataJSON)
    if (!verified || response.id !== key.id || !ownersKey || framed || syncable !== key.syncable)
      return plainly
    const { newCounter: counter, credentialBackedUp: backedUp } = info
    if ((counter > 0 || key.counter > 0) && counter <= key.counter)
      return { status: 'refused', reason: 'copied', alarm: 'copied' }
    return { key: { ...key, counter, backedUp }, verified: info.userVerified }
  } catch {
    // The library throws for each thing that is not as it has to be; nobody who answers wrongly needs to know which.
    return plainly
  }
}

/** The verdict for a good signature. Nothing is written unless something changed. */
export function provedBy({ key }: Signed, before: Key, strength: Partial<Strength>): Verdict<Key> {
  const changed = key.counter !== before.counter || key.backedUp !== before.backedUp
  return { status: 'proved', strength, ...(changed ? { credential: key } : {}) }
}

export interface NewKey {
  readonly discoverable: boolean
  readonly verification: Verification
  /** Only on a device of its own, of the kind that this word of WebAuthn L3 5.8.7 hints at. */
  readonly roaming?: string
}

/** Asks for a new key; those that the person has are not made again (WebAuthn 5.4.4). */
export async function askForKey(
  { serviceName, settings }: WebAuthnTools,
  { host, identity }: Context,
  own: readonly Key[],
  { discoverable, verification, roaming }: NewKey,
): Promise<{ challenge: Nonce; show: Shown }> {
  if (identity === undefined) throw new Error('a key is made for somebody')
  const name = identity.identifiers[0]?.written ?? displayName(identity)
  const { generateRegistrationOptions } = await library()
  const options = await generateRegistrationOptions({
    rpName: serviceName,
    rpID: host,
    userName: name,
    userID: new TextEncoder().encode(identity.id),
    userDisplayName: displayName(identity),
    timeout: patience,
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: own.map(descriptor),
    authenticatorSelection: {
      residentKey: discoverable ? 'required' : 'discouraged',
      userVerification: verification,
      ...(roaming === undefined ? {} : { authenticatorAttachment: 'cross-platform' }),
    },
  })
  const person = { rpId: host, userId: userHandle(identity.id), name, displayName: displayName(identity) }
  return {
    challenge: { challenge: options.challenge, verification },
    show: {
      options: {
        ...options,
        attestation: settings.attestation,
        ...(roaming === undefined ? {} : { hints: [roaming] }),
      },
      // What the browser may forget about (WebAuthn 5.1.10), where keys are kept in a list that people choose from.
      ...(discoverable ? { accepted: { ...person, ids: own.map(({ id }) => id) } } : {}),
    },
  }
}

/** A key that was just made, and whether the authenticator made sure who holds it. */
export interface Made {
  readonly key: Key
  readonly verified: boolean
  readonly label: string | undefined
}

/** Checks a new key (WebAuthn 7.1). */
export async function checkKey(
  { relatedOrigins, settings }: WebAuthnTools,
  { now, origin, host, userAgent }: Context,
  nonce: Nonce | undefined,
  form: Form,
): Promise<Made | Extract<Enrolled<Key>, { status: 'refused' }>> {
  const response = answerIn<RegistrationResponseJSON>(form)
  const made = response === undefined || nonce === undefined ? undefined : await verifiedKey(response, nonce)
  if (made === undefined || response === undefined) return { status: 'refused', reason: 'failed' }
  const attested = await isAttested(response.response.attestationObject, settings.attestation_roots, now)
  const { aaguid, credential } = made
  if (!isWelcome({ aaguid, attested }, settings)) return { status: 'refused', reason: 'make' }
  const transports = credential.transports ?? []
  return {
    verified: made.userVerified,
    label: nameOfMake(aaguid, { transports, userAgent }),
    key: {
      id: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports,
      aaguid,
      syncable: made.credentialDeviceType === 'multiDevice',
      backedUp: made.credentialBackedUp,
      attested,
    },
  }

  async function verifiedKey(answer: RegistrationResponseJSON, { challenge, verification }: Nonce) {
    const { verifyRegistrationResponse } = await library()
    try {
      const { registrationInfo } = await verifyRegistrationResponse({
        response: answer,
        expectedChallenge: challenge,
        expectedOrigin: [origin, ...relatedOrigins],
        expectedRPID: host,
        supportedAlgorithmIDs: algorithms,
        requireUserVerification: verification === 'required',
      })
      return registrationInfo
    } catch {
      return undefined
    }
  }
}

/** RFC 8176: `hwk` for a key that stays where it was made, `swk` for one that may be copied; `user`: somebody was there and touched it. */
export function amrOf({ syncable }: Key): string[] {
  return [syncable ? 'swk' : 'hwk', 'user']
}

/** A key that may be copied never counts (S31); where there are roots, neither does one that only says so itself. */
export function isHardwareBound({ syncable, attested }: Key, settings: MakeSettings): boolean {
  return !syncable && (attested || settings.attestation_roots.length === 0)
}

const plainly = { status: 'refused' } as const

function descriptor({ id, transports }: Key): Descriptor {
  return { id, transports: [...transports] }
}

/** Our pages are never in somebody else's frame, so neither is an answer (the library has checked that it is JSON). */
function isFramed(clientData: string): boolean {
  return JSON.parse(Buffer.from(clientData, 'base64url').toString()).crossOrigin === true
}

function answerIn<Answer>(form: Form): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(form.credential ?? '')
    return typeof answer === 'object' && answer !== null ? (answer as Answer) : undefined
  } catch {
    return undefined
  }
}
