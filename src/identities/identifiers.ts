import type { Actor } from '../domain/audit-event.ts'
import { claimId, type Identifier, parseAs } from '../domain/identifier.ts'
import { hasProvedMail, type Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/time.ts'
import { amend } from './amend.ts'
import { createClaims } from './claims.ts'
import { mostIdentifiers } from './creation.ts'
import type { IdentifierChanged, Identities, IdentitiesTools } from './index.ts'

const mostFormer = 10

type Own = Pick<Identifier, 'kind' | 'value'>

/**
 * What a person signs in with, and is written to at. The new one is claimed before it is written, the old one given back after it is gone: whatever
 * a crash leaves between is a claim too many, which the job for orphans finds.
 */
export function createIdentifiers(tools: IdentitiesTools): Pick<Identities, 'changeIdentifier'> {
  const { store, clock, audit } = tools
  const claims = createClaims(tools)

  async function note(id: string, { added, removed }: Difference, by: Actor): Promise<void> {
    const change = added === undefined ? 'removed' : removed === undefined ? 'added' : 'replaced'
    await audit.record({
      action: 'identity.identifier-changed',
      result: 'success',
      actor: by,
      identityId: id,
      details: { kind: (added ?? removed)?.kind ?? '', change },
      personal: {
        ...(added === undefined ? {} : { identifier: added.written }),
        ...(removed === undefined ? {} : { former: removed.written }),
      },
    })
  }

  return {
    async changeIdentifier(id, { add, remove }, by): Promise<IdentifierChanged> {
      const wanted = add === undefined ? undefined : parseAs(add.kind, add.written)
      if (add !== undefined && wanted === undefined) return { status: 'invalid' }
      // Read before it is gone: what is claimed again later is not given back.
      const old = remove === undefined ? undefined : await claims.get(remove)
      // A name that people know somebody by is not handed on while they still do.
      const holds = old?.identityId === id && remove?.kind === 'username'
      if (holds && !(await claims.hold(old))) return { status: 'too-often' }
      if (wanted !== undefined && !(await claims.take(id, wanted))) {
        if (holds) await claims.take(id, remove)
        return { status: 'taken' }
      }
      let difference: Difference = {}
      const amended = await amend(store, id, (identity) => {
        const next = changed(identity, wanted && provedNow(wanted, clock()), remove)
        difference = next === undefined ? {} : differenceOf(identity, next)
        if (next === undefined) return undefined
        const former = formerOf(identity, difference.removed, clock())
        return { ...identity, identifiers: next, former, updatedAt: clock() }
      })
      const done = amended !== undefined && amended.after !== amended.before
      const owner = amended?.after
      if (holds && !done && has(owner, old.id)) await claims.take(id, remove)
      const spare = !done ? wanted && (await claims.get(wanted)) : holds ? undefined : old
      if (spare !== undefined && spare.identityId === id && !has(owner, spare.id)) await claims.release(spare)
      if (!done) return { status: 'gone' }
      await note(id, difference, by)
      return { status: 'changed', identity: amended.after, ...difference }
    },
  }
}

type Difference = Pick<Extract<IdentifierChanged, { status: 'changed' }>, 'added' | 'removed'>

/**
 * The new one stands where the old one did; undefined when the old one is not there any more, or too little would be left: decided here, so that of two
 * removals at once the second finds what the first one left.
 */
function changed(
  { state, identifiers }: Identity,
  wanted: Identifier | undefined,
  remove: Own | undefined,
): readonly Identifier[] | undefined {
  if (state === 'deleted' || (remove !== undefined && !identifiers.some((one) => same(one, remove))))
    return undefined
  const at = identifiers.findIndex((one) =>
    remove === undefined ? wanted && same(one, wanted) : same(one, remove),
  )
  const others = identifiers.filter((one) => !(remove && same(one, remove)) && !(wanted && same(one, wanted)))
  const place = at < 0 ? others.length : Math.min(at, others.length)
  const next = wanted === undefined ? others : others.toSpliced(place, 0, wanted)
  const reachable = remove?.kind !== 'email' || hasProvedMail(next)
  return reachable && next.length > 0 && next.length <= mostIdentifiers ? next : undefined
}

function differenceOf({ identifiers }: Identity, next: readonly Identifier[]): Difference {
  const added = next.find(
    (one) =>
      !identifiers.some(
        (old) => same(old, one) && old.verifiedAt === one.verifiedAt && old.written === one.written,
      ),
  )
  const removed = identifiers.find((old) => !next.some((one) => same(old, one)))
  return { ...(added === undefined ? {} : { added }), ...(removed === undefined ? {} : { removed }) }
}

/** A number that nobody proved was nobody's; more than a few were somebody's play. */
function formerOf({ former = [] }: Identity, removed: Identifier | undefined, now: Instant) {
  if (removed === undefined || removed.kind === 'username' || removed.verifiedAt === undefined) return former
  const { kind, written } = removed
  const others = former.filter((one) => one.written !== written)
  return [{ kind, written, removedAt: now }, ...others].slice(0, mostFormer)
}

/** A username needs no proof. */
function provedNow(wanted: Identifier, now: number): Identifier {
  return wanted.kind === 'username' ? wanted : { ...wanted, verifiedAt: now }
}

function has(identity: Identity | undefined, claim: string): boolean {
  return identity?.identifiers.some((one) => claimId(one) === claim) === true
}

function same(one: Own, other: Own): boolean {
  return one.kind === other.kind && one.value === other.value
}
