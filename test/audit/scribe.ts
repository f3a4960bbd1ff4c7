/** A process that records as fast as it can, eight at a time, and tells its parent what is stored, until it is killed or was told how many. */
import { openStore } from '../../src/storage/open.ts'
import { logOn } from './ledger.ts'

/** How many entries this process was promised so far. */
export interface Promised {
  readonly stored: number
}

const [url = '', most = 'Infinity'] = process.argv.slice(2)
const store = await openStore({ url, clock: Date.now })
const { happen } = logOn(store, Date.now)
let [begun, stored] = [0, 0]

async function write(): Promise<void> {
  while (begun < Number(most)) {
    begun += 1
    await happen()
    stored += 1
    process.send?.({ stored } satisfies Promised)
  }
}

await Promise.all(Array.from({ length: 8 }, write))
await store.close()
process.disconnect()
