/** A process that writes as fast as it can and tells its parent what was acknowledged, until it is killed. */
import { openStore } from '../../src/storage/open.ts'

/** What the store has promised to remember after `step` rounds. */
export interface Acknowledged {
  readonly step: number
}

const [url = '', first = '0'] = process.argv.slice(2)
const store = await openStore({ url, clock: Date.now })

for (let step = Number(first); ; step++) {
  await store.settings.insert({ id: `set-${step}`, value: `${step}` })
  const counter = await store.settings.get('counter')
  if (counter === undefined) await store.settings.insert({ id: 'counter', value: `${step}` })
  else await store.settings.replace({ ...counter, value: `${step}` })
  await store.artifacts.insert({ id: `code-${step}`, sealed: '', grantId: `grant-${step}` })
  await store.artifacts.take(`code-${step}`)
  await store.artifacts.insert({ id: `token-${step}`, sealed: '', grantId: `grant-${step}` })
  await store.artifacts.removeBy('grantId', `grant-${step}`)
  process.send?.({ step } satisfies Acknowledged)
}
