/** An engine with factors that send messages, over a real budget; and the person whose mailbox it is. */
import { createSendBudget } from '../../src/messaging/send-budget.ts'
import type { Factors } from '../../src/ports/factor.ts'
import type { SendBudget } from '../../src/ports/send-budget.ts'
import type { Store } from '../../src/ports/store.ts'
import { createVault } from '../../src/vault/vault.ts'
import {
  type Asker,
  createHouse,
  type House,
  type HouseOptions,
  identified,
  visit,
} from '../authentication/house.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'

export function budgetOn(store: Store, clock: ReturnType<typeof createClock>): SendBudget {
  return createSendBudget({ store, clock: clock.now, vault: createVault(new Uint8Array(32).fill(7)) })
}

/** A house whose factors share one budget. */
export async function sendingHouse(
  open: OpenStore,
  make: (budget: SendBudget) => Factors,
  options: HouseOptions = {},
): Promise<House> {
  const clock = createClock()
  const store = await open(clock.now)
  return createHouse(store, { clock, factors: make(budgetOn(store, clock)), ...options })
}

/** From "I am …" to the page that asks for what was sent. */
export async function asked(
  house: House,
  text: string,
  factor: string,
  at: ReturnType<typeof visit> = visit(),
): Promise<Asker> {
  const who = await identified(house, text, at)
  await house.engine.choose(who, at, factor)
  return who
}

/** What went out to somebody: the work that is done for nobody's sake does not count. */
export function delivered({ sent }: House) {
  return sent.filter(({ to }) => to.kind !== 'username')
}

export function lastCode(house: House): string {
  return String(delivered(house).at(-1)?.values.code)
}
