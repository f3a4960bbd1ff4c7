import type { Identifier } from './identifier.ts'
import { displayName, formerAddresses, type Identity, mailAddress } from './identity.ts'
import type { Instant } from './time.ts'

/** Whom a message is for, and how they read: the head of every message. */
export interface Reader {
  readonly to: Pick<Identifier, 'kind' | 'written'>
  /** BCP 47. */
  readonly language: string
  /** A name of the IANA time zone database, in which moments are told; UTC when absent. */
  readonly timeZone?: string
  /** How they are called; nameless when absent. */
  readonly name?: string
}

/** What is known of whoever causes the message, who may be somebody else. */
interface Cause {
  readonly language: string
}

/** The person at the address that messages go to, in the language and time zone of their choice. Undefined: they have no address, or there is nobody. */
export function readerOf(identity: Identity | undefined, cause: Cause): Reader | undefined {
  const to = identity && mailAddress(identity)
  return to && readerAt(to, identity, cause)
}

/** The same at every address and number that they proved, at the one that messages go to if there is none: for what nobody must be able to keep from them. */
export function readersOf(identity: Identity | undefined, cause: Cause): readonly Reader[] {
  const proved = (identity?.identifiers ?? []).filter(
    ({ kind, verifiedAt }) => kind !== 'username' && verifiedAt !== undefined,
  )
  return proved.length > 0
    ? proved.map((to) => readerAt(to, identity, cause))
    : [readerOf(identity, cause) ?? []].flat()
}

/** The same, and also at what was theirs until lately, each once: everywhere where they may hear of what is done in their name. */
export function everywhere(identity: Identity, language: string, now: Instant): readonly Reader[] {
  const former = formerAddresses(identity, now).map((to) => readerAt(to, identity, { language }))
  const all = [...readersOf(identity, { language }), ...former]
  return [...new Map(all.map((one) => [`${one.to.kind} ${one.to.written}`, one])).values()]
}

/** The same at a certain address or number; for an address of nobody's, in the language of whoever causes the message. */
export function readerAt(to: Reader['to'], identity: Identity | undefined, { language }: Cause): Reader {
  if (identity === undefined) return { to, language }
  const { locale = language, zoneinfo } = identity.claims
  const name = displayName(identity)
  const { kind, written } = to
  return {
    to: { kind, written },
    language: locale,
    name,
    ...(zoneinfo === undefined ? {} : { timeZone: zoneinfo }),
  }
}
