/** A process that is killed while it puts somebody's data together: they are whole in the end, and their owner is told once. */
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { until } from '../identities/departures.ts'
import { addPerson } from '../support/person.ts'
import { type Processes, startProcesses } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

const rounds = 2

eachStore((_, __, fresh) => {
  let started: Processes | undefined
  afterEach(async () => {
    await started?.stop()
    started = undefined
  })

  it(`kill -9 while a person's data are put together, ${rounds} times: whole in the end, told once`, async () => {
    started = await startProcesses(1, { storage: await fresh() })
    const { processes, house } = started
    for (let round = 0; round < rounds; round++) {
      const email = `ana${round}@example.com`
      const id = await addPerson(house, email)
      const by = { kind: 'identity', id } as const
      await house.exports.request(id, { language: 'en', address: '203.0.113.7' }, by)
      // The queue looks once a second; a job of this size takes some twenty milliseconds.
      await wait(randomInt(1_100))
      await processes[0]?.kill()
      await started.restart(0)
      await until(async () => expect((await house.exports.state(id))?.status).toBe('ready'), 40_000)
      const opened = await house.exports.open(id, by)
      const sections: string[] = []
      for await (const { section } of opened?.pieces ?? []) sections.push(section)
      expect([sections[0], sections.at(-1)]).toEqual(['account', 'activity'])
      const told = () => house.store.inbox.findBy('to', email)
      await until(async () => expect((await told()).length).toBe(1), 40_000)
      await wait(1_200)
      expect(await told()).toHaveLength(1)
    }
  }, 180_000)
})
