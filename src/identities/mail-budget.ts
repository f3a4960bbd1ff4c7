import { type Duration, minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

export interface MailBudgetTools {
  readonly store: Pick<Store, 'attempts'>
  readonly vault: Vault
  readonly clock: Clock
}

/** How much mail strangers can cause to one mailbox (S26): three at once, then one in 20 minutes; never more than six in any hour. */
export interface MailBudget {
  /** True when one more may be sent, and counts it. Atomic over processes; when in doubt false. */
  spend(purpose: string, mailbox: string): Promise<boolean>
}

const burst = 3
const refill: Duration = 20 * minute
const tries = 10

export function createMailBudget({ store, vault, clock }: MailBudgetTools): MailBudget {
  return {
    async spend(purpose, mailbox) {
      const id = vault.mac('mail-budget', `${purpose} ${mailbox}`)
      for (let attempt = 0; attempt < tries; attempt += 1) {
        const now = clock()
        const row = await store.attempts.get(id)
        // The moment at which the budget is whole again; each mail moves it on by one refill.
        const whole = Math.max(row?.blockedUntil ?? 0, now)
        if (whole - now > refill * (burst - 1)) return false
        const spent = whole + refill
        const next = {
          id,
          failures: (row?.failures ?? 0) + 1,
          inARow: 0,
          blockedUntil: spent,
          lastAt: now,
          expiresAt: spent,
        }
        const written =
          row === undefined
            ? store.attempts.insert(next)
            : store.attempts.replace({ ...next, version: row.version })
        if (await written) return true
      }
      return false
    },
  }
}
