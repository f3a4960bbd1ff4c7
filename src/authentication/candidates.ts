import type { Credential } from '../domain/credential.ts'
import type { Factor, Form } from '../ports/factor.ts'
import type { Credentials, SealedCredential } from './credentials.ts'
import { impliedAddress, impliedId, type Known } from './situations.ts'

/** A credential that an answer can be compared with; without a row when it only follows from a proved address, or is kept elsewhere. */
export interface Candidate {
  readonly credential: Credential
  readonly stored?: SealedCredential
}

/** What the identity has for this factor, opened; nothing for nobody. */
export function candidatesOf(factor: Factor, known: Known, { open }: Pick<Credentials, 'open'>): Candidate[] {
  if (factor.implied !== undefined) return impliedCandidates(factor, known)
  const stored = known.credentials.filter((one) => one.factor === factor.name)
  const held = (known.held ?? []).filter((one) => one.factor === factor.name)
  return [
    ...stored.map((one) => ({ credential: open(one), stored: one })),
    ...held.map((credential) => ({ credential })),
  ]
}

/** Those that the answer itself names, if its factor can tell; else all of them: each is looked at, and each is charged. */
export function namedBy(form: Form, factor: Factor, candidates: readonly Candidate[]): readonly Candidate[] {
  const handle = factor.handle?.(form)
  if (handle === undefined) return candidates
  return candidates.filter(({ credential }) => credential.handle === handle)
}

/** Stands where a credential would, so that an answer about nobody costs the same. Never proves anything. */
export function decoyOf(factor: Factor): Credential {
  const { name, decoy } = factor
  return { id: 'decoy', version: 0, identityId: 'nobody', factor: name, data: decoy, createdAt: 0 }
}

function impliedCandidates(factor: Factor, { identity }: Known): Candidate[] {
  const address = identity === undefined ? undefined : impliedAddress(factor, identity)
  if (identity === undefined || address === undefined) return []
  const id = impliedId(factor, identity)
  return [
    {
      credential: {
        id,
        version: 0,
        identityId: identity.id,
        factor: factor.name,
        data: address,
        createdAt: address.verifiedAt ?? 0,
      },
    },
  ]
}
