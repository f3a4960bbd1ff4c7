import type { Authentication } from '../domain/authentication.ts'
import { applying } from '../domain/demand.ts'
import type { Identity } from '../domain/identity.ts'
import { type Deferred, factsOf, type Policy } from '../domain/policy.ts'
import type { Clock } from '../ports/clock.ts'
import type { Deferral, Store } from '../ports/store.ts'

export interface DeferralsTools {
  readonly store: Pick<Store, 'deferrals'>
  readonly clock: Clock
}

/** What people may put off: since when a rule that gives them time applies, and when they put off what was suggested. */
export interface Deferrals {
  /** Begins the time of each rule that gives some and applies for the first time; of any number at once, one does. Nothing before the first proof. */
  of(process: Authentication, identity: Identity | undefined, policy: Policy): Promise<Deferred>
  /** The same without beginning anything. */
  peek(identityId: string): Promise<Deferred>
  /** "Remind me later", of what was only suggested. */
  putOff(identityId: string): Promise<void>
}

const nothing: Deferred = { since: {} }

export function createDeferrals({ store, clock }: DeferralsTools): Deferrals {
  const rows = store.deferrals

  async function peek(identityId: string): Promise<Deferred> {
    return deferredIn(await rows.findBy('identityId', identityId))
  }

  async function of(process: Authentication, identity: Identity | undefined, policy: Policy) {
    if (process.proofs.length === 0 || identity === undefined) return nothing
    const rules = applying(policy.rules, factsOf(process, identity))
    const patient = rules.filter((rule) => rule.enrol_within !== undefined)
    if (patient.length === 0 && policy.suggest === null) return nothing
    const found = await peek(identity.id)
    const begun = patient.filter(({ name }) => found.since[name] === undefined)
    for (const { name } of begun) await begin(identity.id, name)
    return begun.length === 0 ? found : peek(identity.id)
  }

  async function begin(identityId: string, rule: string): Promise<void> {
    await rows.insert({ id: `${identityId} ${rule}`, identityId, rule, at: clock() })
  }

  async function putOff(identityId: string): Promise<void> {
    await rows.put({ id: `${identityId} *`, identityId, at: clock() })
  }

  return { of, peek, putOff }
}

function deferredIn(rows: readonly Deferral[]): Deferred {
  const since = rows.flatMap(({ rule, at }) => (rule === undefined ? [] : [[rule, at] as const]))
  const suggestedAt = rows.find(({ rule }) => rule === undefined)?.at
  return { since: Object.fromEntries(since), ...(suggestedAt === undefined ? {} : { suggestedAt }) }
}
