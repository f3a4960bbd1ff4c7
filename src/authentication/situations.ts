import type { Strength } from '../domain/assurance.ts'
import type { Authentication } from '../domain/authentication.ts'
import type { Credential } from '../domain/credential.ts'
import { claimId, type Identifier, type IdentifierKind } from '../domain/identifier.ts'
import type { Identity } from '../domain/identity.ts'
import type { EnrolledWay } from '../domain/ways.ts'
import type { Factor, Factors } from '../ports/factor.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { Credentials, SealedCredential } from './credentials.ts'

/** Read access to people, by id and by what they type. */
export interface People extends IdentityDirectory {
  /** As much work when nobody has the identifier (S32). */
  findByIdentifier(kind: IdentifierKind | 'any', value: string): Promise<Identity | undefined>
}

/** Who is meant, and what they have to prove it with. */
export interface Known {
  readonly identity?: Identity
  readonly credentials: readonly SealedCredential[]
  /** Kept elsewhere than among the credentials; in recoveries alone. */
  readonly held?: readonly Credential[]
  readonly enrolled: readonly EnrolledWay[]
}

export const nobody: Known = { credentials: [], enrolled: [] }

export interface SituationsTools {
  readonly identities: People
  readonly credentials: Credentials
  readonly factors: Factors
}

export interface Situations {
  /** Whom the process is about: pinned by a proof, demanded, or found by what was typed. Takes as many reads for people who do not exist. */
  of(process: Authentication): Promise<Known>
  /** `recovery`: with what counts in recoveries alone. */
  ofIdentity(identity: Identity | undefined, options?: { readonly recovery?: boolean }): Promise<Known>
}

export function createSituations({ identities, credentials, factors }: SituationsTools): Situations {
  async function identityOf({ identityId, requirement, written }: Authentication) {
    const id = identityId ?? requirement.identityId
    if (id !== undefined) return identities.get(id)
    return identities.findByIdentifier('any', written ?? '')
  }

  const usual = factors.filter(({ recovery }) => recovery !== 'only')

  async function ofIdentity(
    identity: Identity | undefined,
    { recovery = false }: { readonly recovery?: boolean } = {},
  ): Promise<Known> {
    const stored = await credentials.of(identity?.id)
    if (identity === undefined) return nobody
    const offered = recovery ? factors : usual
    const enrolled = offered.flatMap((factor) => waysOf(factor, identity, stored, credentials))
    if (!recovery) return { identity, credentials: stored, enrolled }
    const lists = await Promise.all(factors.map(async (factor) => (await factor.held?.(identity)) ?? []))
    const held = lists.flat()
    const ways = factors.flatMap((factor) =>
      held.filter((one) => one.factor === factor.name).map((one) => heldWay(factor, one)),
    )
    return { identity, credentials: stored, held, enrolled: [...enrolled, ...ways] }
  }

  return {
    ofIdentity,
    // Before the first proof nothing further is looked up (S32).
    of: async (process) =>
      ofIdentity(await identityOf(process), {
        recovery: process.requirement.recovery === true && process.proofs.length > 0,
      }),
  }
}

function heldWay(factor: Factor, { id, createdAt, strength, lostWith }: Credential): EnrolledWay {
  const worth = { ...strengthOf(factor), ...strength, ...(lostWith === undefined ? {} : { lostWith }) }
  return { ...worth, factor: factor.name, credentialId: id, since: createdAt, held: true }
}

function waysOf(
  factor: Factor,
  identity: Identity,
  stored: readonly SealedCredential[],
  { open }: Pick<Credentials, 'open'>,
): EnrolledWay[] {
  const strength = strengthOf(factor)
  if (factor.implied !== undefined) {
    const address = impliedAddress(factor, identity)
    const credentialId = impliedId(factor, identity)
    if (address === undefined) return []
    const since = address.verifiedAt ?? 0
    return [{ ...strength, factor: factor.name, credentialId, since, implied: true }]
  }
  return stored
    .filter((credential) => credential.factor === factor.name)
    .map((credential) => ({ ...credential, ...wearOf(factor, credential, open) }))
    .map(({ id, createdAt, channel, strength: own, needsCompanion, ceiling, spent, runningOut }) => ({
      ...strength,
      ...own,
      ...(factor.standIn ? { standIn: true } : {}),
      ...(spent ? { spent } : {}),
      ...(runningOut ? { runningOut } : {}),
      ...(channel === undefined ? {} : { channel }),
      ...(needsCompanion === undefined ? {} : { needsCompanion }),
      ...(ceiling === undefined ? {} : { ceiling }),
      factor: factor.name,
      credentialId: id,
      since: createdAt,
    }))
}

/** How far it is used up. */
function wearOf(factor: Factor, credential: SealedCredential, open: Credentials['open']) {
  if (factor.spent === undefined && factor.runningOut === undefined) return {}
  const { data } = open(credential)
  return { spent: factor.spent?.(data), runningOut: factor.runningOut?.(data) }
}

/** What a proof by this factor is worth unless the answer says otherwise. */
export function strengthOf(factor: Strength): Strength {
  const { categories, amr, channel, phishingResistant, hardwareBound } = factor
  return {
    categories,
    amr,
    ...(channel === undefined ? {} : { channel }),
    ...(phishingResistant === undefined ? {} : { phishingResistant }),
    ...(hardwareBound === undefined ? {} : { hardwareBound }),
  }
}

export function impliedId(factor: Factor, identity: Identity): string {
  return `implied:${factor.name}:${identity.id}`
}

/** The addresses that a question by this factor may be about: with others by now, it is void. */
export function destinationsOf(factor: Factor, { identity }: Pick<Known, 'identity'>): string | undefined {
  if (factor.implied === undefined || identity === undefined) return undefined
  const proved = identity.identifiers.filter(
    ({ kind, verifiedAt }) => kind === factor.implied && verifiedAt !== undefined,
  )
  return proved.map((one) => `${claimId(one)} ${one.verifiedAt}`).join(', ')
}

/** The first proved identifier of the kind. */
export function impliedAddress(factor: Factor, identity: Identity): Identifier | undefined {
  return identity.identifiers.find(
    ({ kind, verifiedAt }) => kind === factor.implied && verifiedAt !== undefined,
  )
}
