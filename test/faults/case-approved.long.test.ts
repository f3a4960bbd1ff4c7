/** kill -9 in the moment in which the second reviewer approves: another process tells whom it concerns and begins the recovery, each once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { mailsTo } from '../support/objection.ts'
import { addPerson } from '../support/person.ts'
import { openedFor, reviewer } from '../support/recovery-case.ts'
import { startProcesses } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

const reply = 'somebody@elsewhere.example'

eachStore((_, __, fresh) => {
  it('a kill -9 between "approved" and "told" delays it, and nothing else', {
    timeout: 240_000,
  }, async () => {
    const shared = await startProcesses(2, { storage: await fresh() })
    try {
      const { house, processes } = shared
      const [dying, other] = processes
      if (dying === undefined || other === undefined) throw new Error('two processes are needed')
      const ana = await addPerson(house)
      const { case: id } = await openedFor(house, 'ana@example.com')
      const page = `/admin/cases/${id}/approve`
      const rita = await reviewer({ house, issuer: other.url }, 'Rita')
      await rita.visitor.submit(await rita.visitor.get(other.url + page), {})
      const rolf = await reviewer({ house, issuer: dying.url }, 'Rolf')
      const form = await rolf.visitor.get(dying.url + page)
      const answer = rolf.visitor.submit(form, {}).catch(() => undefined)
      while ((await house.store.cases.get(id))?.state !== 'approved') await sleep(1)
      await dying.kill()
      await answer

      await expect
        .poll(async () => (await house.store.cases.get(id))?.told, { timeout: 150_000, interval: 500 })
        .toBe('approved')
      expect(await house.recoveries.of(ana)).toMatchObject({ origin: 'case', caseId: id, state: 'waiting' })
      const approvals = async () =>
        (await mailsTo(other.url, reply)).filter(({ subject }) => /approved/.test(subject)).length
      await expect.poll(approvals, { timeout: 60_000, interval: 500 }).toBe(1)
      const toOwner = async () => (await mailsTo(other.url, 'ana@example.com')).length
      // Of the case, and of the recovery.
      await expect.poll(toOwner, { timeout: 60_000, interval: 500 }).toBe(2)
      await sleep(5_000)
      expect([await approvals(), await toOwner()]).toEqual([1, 2])
    } finally {
      await shared.stop()
    }
  })
})
