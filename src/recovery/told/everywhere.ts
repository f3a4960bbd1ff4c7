import { formerAddresses, type Identity, mailAddress } from '../../domain/identity.ts'
import { type Reader, readerAt } from '../../domain/reader.ts'
import type { Instant } from '../../domain/time.ts'

/** Everywhere where a person may hear of what is done in their name: each proved address and number, and those that were theirs until lately. */
export function everywhere(identity: Identity, language: string, now: Instant): readonly Reader[] {
  const proved = identity.identifiers.filter(
    ({ kind, verifiedAt }) => kind !== 'username' && verifiedAt !== undefined,
  )
  const fallback = proved.length === 0 ? [mailAddress(identity) ?? []].flat() : []
  const all = [...proved, ...formerAddresses(identity, now), ...fallback].map(({ kind, written }) => ({
    kind,
    written,
  }))
  const distinct = new Map(all.map((to) => [`${to.kind} ${to.written}`, to]))
  return [...distinct.values()].map((to) => readerAt(to, identity, { language }))
}
