/** A process that is killed at a random moment while the delay of a recovery ends: everybody is told, once, and the grant is there. */
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { proved } from '../recovery/recovery-world.ts'
import { mailsTo } from '../support/objection.ts'
import { addPerson } from '../support/person.ts'
import { type Processes, startProcesses } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

const rounds = 2
const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test', browser: 'a browser' }
const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

eachStore((_, __, fresh) => {
  let started: Processes | undefined
  afterEach(async () => {
    await started?.stop()
    started = undefined
  })

  it(`F2: kill -9 between "ready" and "told", ${rounds} times`, { timeout: 120_000 }, async () => {
    started = await startProcesses(1, { storage: await fresh() })
    const { processes, house } = started
    const { issuer } = processes[0] ?? { issuer: '' }
    for (let round = 0; round < rounds; round += 1) {
      const email = `ana${round}@example.com`
      const id = await addPerson(house, email)
      await house.enrolments.adopt(id, 'totp', { totp_secret: key })
      const begun = await house.recoveries.begin(id, { result: proved(id), lost: [] }, visit)
      // A day is too long for a test: the delay ends in a moment.
      const at = Date.now() + 1_500
      const row = await house.store.recoveries.get(id)
      if (row === undefined) throw new Error('it was not begun')
      await house.store.recoveries.replace({ ...row, dueAt: at })
      await house.queue.add('recovery', { identityId: id, id: begun.id, at }, { dueAt: at })
      await wait(at - Date.now() + randomInt(1_200))
      await processes[0]?.kill()
      await started.restart(0)
      const told = async () => {
        const mails = await mailsTo(issuer, email)
        return mails.filter(({ subject }) => /wait is over/.test(subject)).length
      }
      await expect.poll(told, { timeout: 60_000, interval: 200 }).toBe(1)
      expect(await house.recoveries.of(id)).toMatchObject({ state: 'ready' })
      await wait(1_000)
      expect(await told()).toBe(1)
    }
  })
})
