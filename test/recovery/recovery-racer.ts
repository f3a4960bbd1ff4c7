/** A process of its own that does the same thing to recoveries as others in the same moment. */
import { openStore } from '../../src/storage/open.ts'
import { createClock } from '../support/clock.ts'
import { createProcess, proved, visit } from './recovery-world.ts'

/** What the parent asks for; the racers are told apart by `me`. */
export interface RecoveryStart {
  readonly verbs: readonly ('begin' | 'finish' | 'cancel' | 'due')[]
  readonly identityId: string
  readonly id: string
  readonly browser: string
  /** A name for the only key that each one sets up. */
  readonly me: string
  readonly at: number
}

const url = process.argv[2] ?? ''
const store = await openStore({ url, clock: Date.now })
const { recoveries } = createProcess(store, { ...createClock(), now: Date.now })

const verbs = {
  async begin({ identityId }: RecoveryStart, me: string) {
    const claimant = { ...visit, browser: `the browser of ${me} and nobody else` }
    return (await recoveries.begin(identityId, { result: proved(identityId), lost: [] }, claimant)).status
  },
  async finish({ browser }: RecoveryStart, me: string) {
    return (await recoveries.finish({ browser }, 'named-key', { key: me }, visit)).status
  },
  cancel: ({ identityId, id }: RecoveryStart) => recoveries.cancel(identityId, id, { level: 'two-factor' }),
  async due({ identityId }: RecoveryStart) {
    return (await recoveries.of(identityId))?.state ?? 'gone'
  },
} satisfies Record<RecoveryStart['verbs'][number], (start: RecoveryStart, me: string) => Promise<string>>

async function race(start: RecoveryStart): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, start.at - Date.now())))
  return Promise.all(
    start.verbs.map((verb, index) =>
      verbs[verb](start, `${start.me}-${index}`).catch((error: { code?: string }) => String(error.code)),
    ),
  )
}

process.on('message', (start: RecoveryStart) => void race(start).then((ends) => process.send?.(ends)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
