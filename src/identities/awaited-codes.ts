// Owns codes that somebody was sent and has to type: what one counts for is sealed in its row, a try is paid for before it is looked at,
// and it is spent by exactly one. Who is sent which code, and what comes of it, is its callers'.
import { normalisedCode } from '../domain/one-time-code.ts'
import type { Duration } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Registration, Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { sameHash } from './one-time-code.ts'

export interface AwaitedCodesTools {
  readonly store: Pick<Store, 'registrations'>
  readonly vault: Vault
  readonly clock: Clock
  readonly settings: { readonly code_lifetime: Duration; readonly code_tries: number }
}

export type Typed<Wish> =
  | { readonly status: 'proved'; readonly wish: Wish }
  | { readonly status: 'refused'; readonly triesLeft: number }
  /** None is awaited: it was spent, replaced or never sent, its time is over or its tries are used up. */
  | { readonly status: 'expired' }

export interface AwaitedCodes<Wish> {
  /** What a row's code counts for. */
  opened(row: Registration): Wish
  /** Awaits this code from now on, and no earlier one of the same row. */
  write(id: string, wish: Wish, code: string): Promise<void>
  confirm(id: string, code: string): Promise<Typed<Wish>>
}

/** `purpose` keeps the codes of one caller apart from those of another. */
export function createAwaitedCodes<Wish>(purpose: string, tools: AwaitedCodesTools): AwaitedCodes<Wish> {
  const { store, vault, clock, settings } = tools
  const hashOf = (id: string, code: string) => vault.mac(`${purpose}-code`, `${id} ${code}`)
  const opened = ({ id, sealed }: Registration): Wish => JSON.parse(vault.open(purpose, sealed, id))

  /** The row after one try was taken from it; undefined when there is none, or no try is left. */
  async function payForTry(id: string): Promise<Registration | undefined> {
    for (;;) {
      const row = await store.registrations.get(id)
      if (row === undefined || row.triesLeft <= 0) return undefined
      const paid = { ...row, triesLeft: row.triesLeft - 1 }
      if (await store.registrations.replace(paid)) return paid
    }
  }

  return {
    opened,

    async write(id, wish, code) {
      await store.registrations.put({
        id,
        code: hashOf(id, code),
        sealed: vault.seal(purpose, JSON.stringify(wish), id),
        triesLeft: settings.code_tries,
        expiresAt: clock() + settings.code_lifetime,
      })
    },

    async confirm(id, code) {
      const row = await payForTry(id)
      if (row === undefined) return { status: 'expired' }
      if (!sameHash(row.code, hashOf(id, normalisedCode(code))))
        return { status: 'refused', triesLeft: row.triesLeft }
      const spent = await store.registrations.take(id)
      // Another code was asked for meanwhile, or somebody else was first.
      if (spent === undefined || spent.code !== row.code) return { status: 'expired' }
      return { status: 'proved', wish: opened(spent) }
    },
  }
}
