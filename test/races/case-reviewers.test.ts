/** Two reviewers in the same second, in two real processes on one store, through the pages. */
import { expect, it } from 'vitest'
import { addPerson } from '../support/person.ts'
import { openedFor, reviewer } from '../support/recovery-case.ts'
import { startProcesses } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

const rounds = [
  ['approve', 'approve', 'approved'],
  ['approve', 'refuse', 'refused'],
  ['refuse', 'approve', 'refused'],
] as const

eachStore((_, __, fresh) => {
  it('S38: two reviewers decide at once in two processes: what they say together holds, in either order', {
    timeout: 120_000,
  }, async () => {
    const shared = await startProcesses(2, { storage: await fresh() })
    try {
      const { house, processes } = shared
      const reviewers = await Promise.all(
        ['Rita', 'Rolf'].map((name, at) => reviewer({ house, issuer: processes[at]?.url ?? '' }, name)),
      )
      for (const [first, second, end] of rounds) {
        const email = `${first}.${second}@example.com`
        const id = await addPerson(house, email)
        const { case: one } = await openedFor(house, email)
        const forms = await Promise.all(
          [first, second].map((action, at) =>
            reviewers[at]?.visitor.get(`${processes[at]?.url}/admin/cases/${one}/${action}`),
          ),
        )
        const answers = await Promise.all(
          forms.map((form, at) => {
            if (form === undefined) throw new Error('nobody is there')
            const values = [first, second][at] === 'refuse' ? { reason: 'not-shown' } : {}
            return reviewers[at]?.visitor.submit(form, values)
          }),
        )
        // The second of two may find the case decided.
        for (const answer of answers) expect([200, 409]).toContain(answer?.status)
        expect(await house.store.cases.get(one)).toMatchObject({ state: end, told: end })
        expect((await house.recoveries.of(id))?.origin).toBe(end === 'approved' ? 'case' : undefined)
      }
    } finally {
      await shared.stop()
    }
  })
})
