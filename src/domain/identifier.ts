import type { Instant } from './time.ts'

/** What a person types to say who they are. Unique over all identities in its normalised `value`. */
export type IdentifierKind = 'email' | 'phone' | 'username'

export interface Identifier {
  readonly kind: IdentifierKind
  /** Normalised: what is compared and claimed. */
  readonly value: string
  /** As the person wrote it, trimmed: what messages are sent to and pages show. */
  readonly written: string
  /** When control of it was proved; absent while it was not. A username needs no proof. */
  readonly verifiedAt?: Instant
}

const longest = 254
// Printable, one @, a dotted or bare domain. Deliverability is proved by a message, not by a pattern.
const email = /^[^\s@<>"(),:;\\[\]]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,10}$/u
const phone = /^\+[1-9]\d{6,14}$/
const username = /^[\p{L}\p{N}](?:[\p{L}\p{N}._-]{0,62}[\p{L}\p{N}])?$/u

const normalised: Record<IdentifierKind, (text: string) => string | undefined> = {
  // The whole address is lower-cased: no mail system in use tells Ana@ from ana@, and two identities that differ in case are a trap.
  email: (text) => (email.test(text) ? toAsciiDomain(text.normalize('NFKC').toLowerCase()) : undefined),
  phone: (text) => {
    const digits = text.replace(/[\s().-]/g, '').replace(/^00/, '+')
    return phone.test(digits) ? digits : undefined
  },
  username: (text) => (username.test(text) ? text.normalize('NFKC').toLowerCase() : undefined),
}

/** The identifier in `text` if it is one of the given kind; undefined when it is malformed. */
export function parseAs(kind: IdentifierKind, text: string): Identifier | undefined {
  const written = text.normalize('NFC').trim()
  if (written.length === 0 || written.length > longest) return undefined
  const value = normalised[kind](written)
  return value === undefined ? undefined : { kind, value, written }
}

/** The identifier in `text`, whichever kind it has: an address contains @, a number begins with + or 00, the rest are usernames. */
export function parseIdentifier(text: string): Identifier | undefined {
  if (text.includes('@')) return parseAs('email', text)
  if (/^\s*(\+|00)/.test(text)) return parseAs('phone', text)
  return parseAs('username', text)
}

/** The id under which an identifier is claimed: what makes it unique. */
export function claimId(identifier: Pick<Identifier, 'kind' | 'value'>): string {
  return `${identifier.kind}:${identifier.value}`
}

/** A destination with its middle hidden, for pages that are shown before a proof: `a•••@example.com`, `+49•••12`. */
export function masked(identifier: Pick<Identifier, 'kind' | 'written'>): string {
  const { kind, written } = identifier
  if (kind === 'phone') return `${written.slice(0, 3)}•••${written.slice(-2)}`
  const at = written.lastIndexOf('@')
  return `${[...written][0]}•••${at > 0 ? written.slice(at) : ''}`
}

function toAsciiDomain(address: string): string | undefined {
  const at = address.lastIndexOf('@')
  try {
    const { hostname } = new URL(`https://${address.slice(at + 1)}`)
    return `${address.slice(0, at)}@${hostname}`
  } catch {
    return undefined
  }
}
