import type { Authentication } from '../domain/authentication.ts'
import { claimId, parseIdentifier } from '../domain/identifier.ts'
import type { Factor, Factors } from '../ports/factor.ts'
import type { Device } from '../ports/store.ts'
import { addressSubject } from './addresses.ts'
import { identifierSubject, type Subject } from './attempts.ts'
import type { Candidate } from './candidates.ts'
import type { Visit } from './contexts.ts'
import type { Known } from './situations.ts'

export interface Try {
  readonly process: Authentication
  readonly factor: Factor
  readonly candidates: readonly Candidate[]
  readonly device: Device | undefined
  readonly visit: Pick<Visit, 'address'>
}

/**
 * Who pays for one look at an answer (S26). A device in which the identity signed in before pays by itself, so that a stranger's guesses
 * do not keep the owner out; everybody else pays for the identifier (which need not exist), for each credential, and for their address.
 */
export function subjectsOf({ process, factor, candidates, device, visit }: Try): Subject[] {
  const address: Subject = { kind: 'address', value: addressSubject(visit.address) }
  if (factor.unguessable) return device === undefined ? [address] : []
  if (device !== undefined) return [deviceSubject(device)]
  const named = nameOf(process)
  // Two identifiers of one person share a credential: before the first proof its pause must not show that they do (S32).
  const silent = process.proofs.length === 0
  const ids = candidates.map(({ credential }) => credential.id)
  const credentials = (ids.length > 0 ? ids : [`decoy ${factor.name} ${named}`]).map(credentialSubject)
  return [
    ...(named === undefined ? [] : [identifierSubject(named, factor.channel)]),
    ...credentials.map((subject) => ({ ...subject, silent })),
    address,
  ]
}

/** Every counter that keeps an identity out on an unknown device. `factors` are all there are: each channel has its own. */
export function countersOf({ identity, enrolled }: Known, factors: Factors): Subject[] {
  if (identity === undefined) return []
  const channels = new Set([undefined, ...factors.map(({ channel }) => channel)])
  const names = [...identity.identifiers.map(claimId), unnamed(identity.id)]
  return [
    ...names.flatMap((name) => [...channels].map((channel) => identifierSubject(name, channel))),
    ...enrolled.map(({ credentialId }) => credentialSubject(credentialId)),
  ]
}

export function deviceSubject(device: Device): Subject {
  return { kind: 'device', value: device.id }
}

export function credentialSubject(id: string): Subject {
  return { kind: 'credential', value: id }
}

/** Guesses at the question of an enrolment. */
export function enrolmentSubject(factor: Factor, identityId: string): Subject {
  return { kind: 'enrolment', value: `${factor.name} ${identityId}` }
}

/** Under which name the failures of a process count. */
function nameOf({ written, identityId, requirement }: Authentication): string | undefined {
  const identifier = written === undefined ? undefined : parseIdentifier(written)
  if (identifier !== undefined) return claimId(identifier)
  const id = identityId ?? requirement.identityId
  return id === undefined ? undefined : unnamed(id)
}

function unnamed(identityId: string): string {
  return `identity:${identityId}`
}
