import type { Clock } from '../ports/clock.ts'
import type { SendBudget, SendLimit } from '../ports/send-budget.ts'
import type { Attempts, Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

export interface SendBudgetTools {
  readonly store: Pick<Store, 'attempts'>
  readonly vault: Vault
  readonly clock: Clock
}

// Each lost round means that somebody else's message was counted.
const mostRounds = 50

export function createSendBudget({ store, vault, clock }: SendBudgetTools): SendBudget {
  const rows = store.attempts

  /** `count` false: the same reads and writes, and nothing counted. */
  async function spendOne({ subject, most, within }: SendLimit, count: boolean): Promise<boolean> {
    const id = vault.mac('send-budget', subject)
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await rows.get(id)
      const room = count && (row?.failures ?? 0) < most
      if (await write(row, { id, within, sent: room ? 1 : 0 })) return room
    }
    return false
  }

  async function write(
    row: Attempts | undefined,
    { id, within, sent }: { readonly id: string; readonly within: number; readonly sent: number },
  ): Promise<boolean> {
    const now = clock()
    if (row !== undefined) return rows.replace({ ...row, failures: row.failures + sent, lastAt: now })
    const fresh = { id, failures: sent, inARow: 0, blockedUntil: 0, lastAt: now }
    return rows.insert({ ...fresh, expiresAt: now + within })
  }

  return {
    async hasRoom({ subject, most }) {
      return ((await rows.get(vault.mac('send-budget', subject)))?.failures ?? 0) < most
    },
    async exhaust({ subject, most, within }) {
      const now = clock()
      const full = { failures: most, inARow: 0, blockedUntil: 0, lastAt: now, expiresAt: now + within }
      await rows.put({ ...full, id: vault.mac('send-budget', subject) })
    },
    async spend(limits) {
      let affordable = true
      for (const limit of limits) affordable = (await spendOne(limit, affordable)) && affordable
      return affordable
    },
  }
}
