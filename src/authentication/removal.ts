import type { Actor } from '../domain/audit-event.ts'
import { applying, demandOf } from '../domain/demand.ts'
import { claimId, type Identifier } from '../domain/identifier.ts'
import type { Policy } from '../domain/policy.ts'
import { type Duration, day, type Instant } from '../domain/time.ts'
import { couldMeet, type EnrolledWay, hasCompanion, hasSecond } from '../domain/ways.ts'
import { losesWayIn } from '../domain/ways-in.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Factors } from '../ports/factor.ts'
import type { Credentials } from './credentials.ts'
import type { Enrolments } from './enrolment.ts'
import type { PolicyNow } from './policy-now.ts'
import { type EnrolmentRefusal, refused } from './refusal.ts'
import type { Known, People, Situations } from './situations.ts'
import type { TrustedDevices } from './trusted-devices.ts'

export interface RemovalTools {
  readonly identities: People
  readonly factors: Factors
  readonly credentials: Credentials
  readonly situations: Situations
  readonly audit: AuditLog
  readonly clock: Clock
  readonly policy: PolicyNow
  readonly trustedDevices: Pick<TrustedDevices, 'revokeAll'>
}

export interface RemovalOptions {
  readonly force?: boolean
  /**
   * Whoever wants it proved nothing but that a message reached them: refused (`second-factor`) where it would take away the only second factor,
   * unless that was added within a day, and not in a recovery (S33): then it goes, whatever the policy asks for, as long as its owner still gets in.
   */
  readonly unproved?: boolean
}

/** A locale key of pages that remove something. */
export type Obstacle = 'last-way' | 'needs-companion' | 'policy-level' | 'ways-in'

/** So long after it was added a way counts as new: up to then its owner did without it. */
const newFor: Duration = day

export function createRemoval(tools: RemovalTools): Pick<Enrolments, 'remove' | 'hinders'> {
  const { identities, factors, credentials, situations, audit, clock, policy, trustedDevices } = tools

  /** What keeps a person from being left with these ways, if anything. */
  async function obstacle(known: Known, left: readonly EnrolledWay[]): Promise<Obstacle | undefined> {
    const hard = lockedOut(factors, left)
    if (hard !== undefined) return hard
    const now = await policy()
    if (fallsShort(known, left, now, clock())) return 'policy-level'
    return losesWayIn(known.enrolled, left, now) ? 'ways-in' : undefined
  }

  async function hinders(identityId: string, own: Pick<Identifier, 'kind' | 'value'>) {
    const identity = await identities.get(identityId)
    if (identity === undefined) return undefined
    const identifiers = identity.identifiers.filter((one) => claimId(one) !== claimId(own))
    const { enrolled: left } = await situations.ofIdentity({ ...identity, identifiers })
    return obstacle(await situations.ofIdentity(identity), left)
  }

  async function remove(
    identityId: string,
    credentialId: string,
    by: Actor,
    { force = false, unproved = false }: RemovalOptions = {},
  ): Promise<{ readonly status: 'removed' } | EnrolmentRefusal> {
    const known = await situations.ofIdentity(await identities.get(identityId))
    const credential = known.credentials.find(({ id }) => id === credentialId)
    if (credential === undefined) return refused('unknown')
    // What was set up in a recovery took the place of what was lost: its owner did not do without.
    const isOld = credential.ceiling !== undefined || clock() - credential.createdAt >= newFor
    const keeps = async (left: readonly EnrolledWay[]) => {
      if (force) return undefined
      // A stranger may have added it because the policy demanded one: its owner did without, and is asked for one of their own.
      if (unproved && !isOld) return lockedOut(factors, left)
      return unproved && losesSecond(known, left, clock()) ? 'second-factor' : obstacle(known, left)
    }
    const reason = await keeps(known.enrolled.filter((way) => way.credentialId !== credentialId))
    if (reason !== undefined) return refused(reason)
    const taken = await credentials.take(credentialId)
    if (taken === undefined) return refused('unknown')
    // Of two removals at once each counted on what the other one took: whoever comes last finds too little left, and takes it back.
    const now = await situations.ofIdentity(await identities.get(identityId))
    const late = now.identity?.state === 'deleted' ? undefined : await keeps(now.enrolled)
    if (late !== undefined) {
      await credentials.putBack(taken)
      return refused(late)
    }
    await trustedDevices.revokeAll(identityId, by, { reason: 'changed' })
    const { factor } = credential
    await audit.record({
      action: 'credential.removed',
      result: 'success',
      actor: by,
      identityId,
      details: { factor },
    })
    return { status: 'removed' }
  }

  return { remove, hinders }
}

function losesSecond({ enrolled }: Known, left: readonly EnrolledWay[], now: Instant): boolean {
  return hasSecond(enrolled, now) && !hasSecond(left, now)
}

/** Nobody locks themselves out. */
function lockedOut(factors: Factors, left: readonly EnrolledWay[]): Obstacle | undefined {
  const first = new Set(factors.filter((factor) => factor.first).map((factor) => factor.name))
  if (!left.some((way) => first.has(way.factor))) return 'last-way'
  return left.some((way) => way.needsCompanion && !hasCompanion(way, left)) ? 'needs-companion' : undefined
}

/** Whether somebody who could do all that is always asked of them no longer could. What is asked for one client or visit is not looked at. */
function fallsShort(
  { identity, enrolled }: Known,
  left: readonly EnrolledWay[],
  policy: Policy,
  now: Instant,
) {
  const rules = applying(policy.rules, { identity, signals: [], privileged: false })
  const { full } = demandOf(rules, { level: policy.level, now })
  return couldMeet(enrolled, full, now) && !couldMeet(left, full, now)
}
