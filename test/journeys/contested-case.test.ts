/** A recovery that two sides claim comes before two reviewers, and goes on or ends as they say. */
import { expect, it } from 'vitest'
import { addPerson } from '../support/person.ts'
import { reviewer } from '../support/recovery-case.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { words } from '../support/visitor.ts'

const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }

eachStore((_, __, fresh) => {
  const start = useSignet(fresh)

  for (const [action, state] of [
    ['approve', 'waiting'],
    ['refuse', 'cancelled'],
  ] as const)
    it(`${action}: the recovery is ${state} afterwards; nobody can be asked for more, as nobody wrote anything`, async () => {
      const signet = await start()
      const { house, issuer } = signet
      const identityId = await addPerson(house)
      const begun = await house.recoveries.beginReviewed({ identityId, caseId: 'x', claim: 'x', visit })
      await house.recoveries.contest(begun?.id ?? '', 'sign-in')
      const [rita, rolf] = [await reviewer(signet, 'Rita'), await reviewer(signet, 'Rolf')]
      await expect.poll(async () => words(await rita.list()), { timeout: 60_000 }).toContain('Contested')
      const [one] = (await house.cases.list(rita.id, { limit: 1 })).items
      const page = await rita.visitor.get(`${issuer}/admin/cases/${one?.id}`)
      expect(words(page)).toContain('Somebody is getting back into this account')
      expect(page.body).not.toContain('/ask"')
      const ask = await rita.visitor.get(`${issuer}/admin/cases/${one?.id}/ask`)
      expect((await rita.visitor.submit(ask, { text: 'Who are you?' })).status).toBe(409)
      for (const { visitor } of action === 'approve' ? [rita, rolf] : [rita]) {
        const form = await visitor.get(`${issuer}/admin/cases/${one?.id}/${action}`)
        await visitor.submit(form, action === 'refuse' ? { reason: 'owner-objects' } : {})
      }
      expect(await house.recoveries.find({ id: begun?.id ?? '' })).toMatchObject({ identityId, state })
    })
})
