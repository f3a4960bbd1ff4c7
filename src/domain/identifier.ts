import type { Instant } from './time.ts'

/** What a person types to say who they are. Unique over all identities in its normalised `value`. */
export type IdentifierKind = 'email' | 'phone' | 'username'

export interface Identifier {
  readonly kind: IdentifierKind
  /** Normalised: what is compared and claimed. */
  readonly value: string
  /** As the person wrote it, folded to one spelling but for letter case: what messages are sent to and pages show. */
  readonly written: string
  /** When control of it was proved; absent while it was not. A username needs no proof. */
  readonly verifiedAt?: Instant
}

const longest = 254
// One @, no white space, nothing that means something in a message header or address list. Deliverability is proved by a message, not by a pattern.
const email = /^[^\s@<>"(),:;\\[\]\p{C}]{1,64}@[\p{L}\p{N}\p{M}-]{1,63}(?:\.[\p{L}\p{N}\p{M}-]{1,63}){0,10}$/u
const phone = /^\+[1-9]\d{6,14}$/
// Never like a phone number (`00…`), or nobody could sign in with it.
const username = /^(?!00)[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}._-]{0,62}[\p{L}\p{N}\p{M}])?$/u

// Letters and marks of which nothing is seen: a name with one in it looks like the one without.
const invisible = /\p{Default_Ignorable_Code_Point}/u

// What messages go to is what is claimed, save for letter case: a look-alike that folds into somebody's address never receives their mail.
const parsers: Record<IdentifierKind, (text: string) => Omit<Identifier, 'kind'> | undefined> = {
  email: (text) => {
    const domain = email.test(text) ? asciiDomain(text) : undefined
    if (domain === undefined) return undefined
    const written = `${text.slice(0, text.lastIndexOf('@'))}@${domain}`
    // The whole address is lower-cased: no mail system in use tells Ana@ from ana@, and two identities that differ in case are a trap.
    return { value: written.toLowerCase().normalize('NFKC'), written }
  },
  phone: (text) => {
    const number = text.replace(/[\s().-]/g, '').replace(/^00/, '+')
    return phone.test(number) ? { value: number, written: number } : undefined
  },
  username: (text) =>
    username.test(text) && !invisible.test(text) && !mixesScripts(text)
      ? { value: text.toLowerCase().normalize('NFKC'), written: text }
      : undefined,
}

/** The identifier in `text` if it is one of the given kind; undefined when it is malformed. Compatibility forms are folded first (NFKC). */
export function parseAs(kind: IdentifierKind, text: string): Identifier | undefined {
  if (text.length > longest) return undefined
  const parsed = parsers[kind](text.normalize('NFKC').trim())
  return parsed === undefined || parsed.value.length > longest ? undefined : { kind, ...parsed }
}

/** The identifier in `text`, whichever kind it has: an address contains @, a number begins with + or 00, the rest are usernames. */
export function parseIdentifier(text: string): Identifier | undefined {
  if (text.length > longest) return undefined
  const folded = text.normalize('NFKC').trim()
  if (folded.includes('@')) return parseAs('email', folded)
  return parseAs(/^(?:\+|00)/.test(folded) ? 'phone' : 'username', folded)
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

/** IDNA's ASCII form, so that one domain has one spelling; undefined for what is no domain name (numbers are addresses to a URL). */
function asciiDomain(address: string): string | undefined {
  const url = URL.parse(`https://${address.slice(address.lastIndexOf('@') + 1)}`)
  if (url === null || url.hostname === '' || /(?:^|\.)\d+$/.test(url.hostname)) return undefined
  return url.hostname
}

// Scripts that are written beside Latin letters, and look like none of them.
const besideLatin =
  /^[\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]*$/u

/** Latin letters among those of another alphabet (Cyrillic, Greek, Cherokee) look like a name that they are not. */
function mixesScripts(text: string): boolean {
  return /\p{Script=Latin}/u.test(text) && !besideLatin.test(text)
}
