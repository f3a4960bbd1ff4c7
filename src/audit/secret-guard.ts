import type { AuditEvent } from '../domain/audit-event.ts'

const withheld = '[withheld]'
const longestText = 512
// A field that is called like a secret holds one, whatever its caller thought.
const secretName = /(?:pass(?:word|phrase)|secret|token|cookie|assertion|otp|pin|seed|private_?key|code)s?$/i
// 32 random bytes are 43 characters: tokens, links, hashes, JWTs. Identifiers of ours are shorter.
const secretValue = /[A-Za-z0-9_-]{43,}|\$argon2|-----BEGIN/
const ownWord = /^[a-z][a-z0-9._-]{0,63}$/
/** Published by design: key ids are thumbprints. */
const publicNames = new Set(['kid', 'kids'])

/** The last line of S42: what looks like a secret by name or by shape is withheld, and a reason that is not one of our own words is dropped. */
export function withoutSecrets(event: AuditEvent): AuditEvent {
  const { reason, personal, details, ...rest } = event
  return {
    ...rest,
    ...(reason === undefined ? {} : { reason: ownWord.test(reason) ? reason : 'unspecified' }),
    ...(personal === undefined ? {} : { personal: guarded(personal) as Record<string, string> }),
    ...(details === undefined ? {} : { details: guarded(details) as NonNullable<AuditEvent['details']> }),
  }
}

function guarded(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      secretName.test(name) ? withheld : safe(name, value),
    ]),
  )
}

function safe(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => safe(name, item))
  if (typeof value !== 'string') return value
  return secretValue.test(value) && !publicNames.has(name)
    ? withheld
    : value.slice(0, longestText).toWellFormed()
}
