/** A process that races for what its parent names, over IPC: one message, one answer. Started once, used for many rounds. */
import { openStore } from '../../src/storage/open.ts'

/** What the parent asks for; `me` tells the racers apart. */
export interface Start {
  readonly round: number
  readonly verb: 'insert' | 'claim' | 'replace' | 'take' | 'remove' | 'add'
  readonly id: string
  readonly me: number
  /** When all begin, in ms since the epoch. */
  readonly at: number
}

/** What came of it: won or not, or why it failed. */
export interface Finish {
  readonly round: number
  readonly won?: boolean
  readonly error?: string
}

const store = await openStore({ url: process.argv[2] ?? '', clock: Date.now })

const verbs: Record<Start['verb'], (id: string, me: string) => Promise<boolean>> = {
  insert: (id, me) => store.settings.insert({ id, value: me }),
  claim: (id, me) => store.claims.insert({ id, identityId: me, takenAt: Date.now() }),
  replace: (id, me) => store.settings.replace({ id, value: me, version: 1 }),
  take: async (id) => (await store.settings.take(id)) !== undefined,
  remove: (id) => store.settings.remove(id),
  async add(id) {
    for (;;) {
      const counter = await store.settings.get(id)
      if (counter === undefined) return false
      if (await store.settings.replace({ ...counter, value: `${Number(counter.value) + 1}` })) return true
    }
  },
}

async function race({ round, verb, id, me, at }: Start): Promise<Finish> {
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
  try {
    return { round, won: await verbs[verb](id, `${me}`) }
  } catch (error) {
    return { round, error: (error as Error).message }
  }
}

process.on('message', (start: Start) => void race(start).then((finish) => process.send?.(finish)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
