// Owns the rules of the policy: those of the configuration, and those that are kept in the storage and may change while we run.
// What a rule means says domain/demand.ts; whether it is well written is checked where it comes in (configuration, command line).
import type { Actor } from '../domain/audit-event.ts'
import type { Rule } from '../domain/demand.ts'
import { type Duration, type Instant, second } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { RiskSignals } from '../ports/signal.ts'
import type { Store } from '../ports/store.ts'

export interface PoliciesTools {
  readonly store: Pick<Store, 'policies' | 'deferrals'>
  readonly clock: Clock
  readonly audit: AuditLog
  /** Those that are turned on. */
  readonly signals: Pick<RiskSignals, 'names'>
  readonly settings: { readonly policy: { readonly rules: readonly Rule[] } }
}

export interface ListedRule {
  readonly rule: Rule
  readonly from: 'configuration' | 'storage'
  /** The configuration has a rule of this name: that one counts. */
  readonly overridden: boolean
}

/** `configured`: its name is one of the configuration's. `signal-off`: it waits for a signal that nobody looks for. */
type Refused = { readonly status: 'refused'; readonly reason: 'configured' | 'unknown' | 'signal-off' }

export interface Policies {
  /** All that count now; what another process changed counts a few seconds later. */
  rules(): Promise<readonly Rule[]>
  list(): Promise<readonly ListedRule[]>
  /** Of several at once the last counts. */
  set(rule: Rule, by: Actor): Promise<{ readonly status: 'created' | 'changed' } | Refused>
  /** With it goes the time that it gave people: set again, it begins anew. */
  remove(name: string, by: Actor): Promise<{ readonly status: 'removed' } | Refused>
}

const cachedFor: Duration = 3 * second
const mostRules = 1_000

export function createPolicies({ store, clock, audit, signals, settings }: PoliciesTools): Policies {
  const rows = store.policies
  const configured = settings.policy.rules
  const isConfigured = (name: string) => configured.some((rule) => rule.name === name)
  let cache: { readonly at: Instant; readonly rules: Promise<readonly Rule[]> } | undefined

  async function stored(): Promise<Rule[]> {
    const { items } = await rows.page({ limit: mostRules })
    return items.map(({ rule }) => rule)
  }

  async function read(): Promise<readonly Rule[]> {
    return [...configured, ...(await stored()).filter(({ name }) => !isConfigured(name))]
  }

  function rules(): Promise<readonly Rule[]> {
    const age = cache === undefined ? cachedFor : clock() - cache.at
    // A clock that was set back does not make it last longer.
    if (cache !== undefined && age >= 0 && age < cachedFor) return cache.rules
    const fresh = { at: clock(), rules: read() }
    cache = fresh
    // What could not be read is not remembered.
    fresh.rules.catch(() => {
      if (cache === fresh) cache = undefined
    })
    return fresh.rules
  }

  async function list(): Promise<readonly ListedRule[]> {
    return [
      ...configured.map((rule) => ({ rule, from: 'configuration', overridden: false }) as const),
      ...(await stored()).map(
        (rule) => ({ rule, from: 'storage', overridden: isConfigured(rule.name) }) as const,
      ),
    ]
  }

  async function set(rule: Rule, by: Actor) {
    if (isConfigured(rule.name)) return { status: 'refused', reason: 'configured' } as const
    if (rule.when?.signals?.some((name) => !signals.names.includes(name)))
      return { status: 'refused', reason: 'signal-off' } as const
    const old = await rows.get(rule.name)
    const updatedAt = clock()
    await rows.put({ id: rule.name, rule, createdAt: old?.createdAt ?? updatedAt, updatedAt })
    cache = undefined
    const status = old === undefined ? 'created' : 'changed'
    await audit.record({ action: `policy.${status}`, result: 'success', actor: by, details: detailsOf(rule) })
    return { status } as const
  }

  async function remove(name: string, by: Actor) {
    const removed = await rows.take(name)
    if (removed === undefined)
      return { status: 'refused', reason: isConfigured(name) ? 'configured' : 'unknown' } as const
    cache = undefined
    await store.deferrals.removeBy('rule', name)
    await audit.record({ action: 'policy.removed', result: 'success', actor: by, details: { rule: name } })
    return { status: 'removed' } as const
  }

  return { rules, list, set, remove }
}

/** The whole rule, so that the audit says what counted when. */
function detailsOf({ name, when = {}, ...demands }: Rule) {
  const entries = Object.entries({ rule: name, ...demands, ...when })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
