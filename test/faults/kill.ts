/** A process that is killed at a random point of a code exchange; `kill.test.ts` runs a few rounds, `kill.long.test.ts` many. */
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { exchangeOf, token, userinfoOf } from '../races/arena.ts'
import { addPerson, goThrough } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { type Processes, startProcesses } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

export function describeKills(rounds: number): void {
  eachStore((_, __, fresh) => {
    let started: Processes | undefined
    afterEach(async () => {
      await started?.stop()
      started = undefined
    })

    it(`F1: kill -9 in the middle of a code exchange, ${rounds} times: spent or unspent, never two sets of tokens`, async () => {
      started = await startProcesses(1, { storage: await fresh() })
      const { processes, house } = started
      const { issuer } = processes[0] ?? { issuer: '' }
      const party = await register({ house, issuer }, { firstParty: true })
      await addPerson(house)
      const seen = { answered: 0, spent: 0, unspent: 0 }
      for (let round = 0; round < rounds; round++) {
        const { flow, page } = await goThrough(browser(), party)
        const body = exchangeOf(flow, page.url.searchParams.get('code') ?? '')
        const exchange = () => token(`${issuer}/token`, party, body)
        // Measured before: an exchange takes a few milliseconds.
        const first = exchange().catch(() => undefined)
        await wait(randomInt(12))
        await processes[0]?.kill()
        const answer = await first
        await started.restart(0)

        const second = await exchange()
        const third = await exchange()
        const won = [answer, second, third].filter((each) => each?.status === 200)
        expect(won.length).toBeLessThanOrEqual(1)
        for (const each of [second, third])
          if (each.status !== 200) expect(each).toMatchObject({ status: 400, error: 'invalid_grant' })
        // A second use was seen: whatever the first one got is worth nothing by now.
        for (const each of won) expect(await userinfoOf(`${issuer}/userinfo`, each?.access_token)).toBe(401)
        seen[answer?.status === 200 ? 'answered' : second.status === 200 ? 'unspent' : 'spent']++

        const again = await goThrough(browser(), party)
        const tokens = await party.finish(again.flow, again.page.url)
        expect((await party.userinfo(tokens)).status).toBe(200)
      }
      expect(seen.answered + seen.spent + seen.unspent).toBe(rounds)
    })
  })
}
