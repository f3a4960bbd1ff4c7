/** Takes a job and never ends it; tells its parent when it holds the job. */
import { createJobQueue } from '../../src/messaging/outbox.ts'
import { openStore } from '../../src/storage/open.ts'
import { createVault, random } from '../../src/vault/vault.ts'
import { createLines } from './lines.ts'

const [, , url = '', rootKey = ''] = process.argv
const store = await openStore({ url, clock: Date.now })
const queue = createJobQueue({
  store: store.jobs,
  vault: createVault(Buffer.from(rootKey, 'base64url')),
  clock: Date.now,
  random,
  log: createLines(),
  limits: {},
  timing: { poll: 10, lease: 300 },
})
queue.handle('hang', () => {
  process.send?.('holding')
  return new Promise<void>(() => {})
})
queue.start()
