/** A contact who finds out too late that it was not their friend: what came of their word is stopped. */
import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { addPerson } from '../support/person.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { freezeIn } from './objection-world.ts'
import { here, proved } from './recovery-world.ts'

eachStore((_, __, fresh) => {
  const start = useSignet(fresh)

  it('"this wasn’t me" by a contact whose word was used stops the recovery, once, and by nobody else', async () => {
    const { house } = await start()
    const freeze = freezeIn(house)
    const [ana, bob, eve] = [
      await addPerson(house),
      await addPerson(house, 'bob@example.com'),
      await addPerson(house, 'eve@example.com'),
    ]
    const now = house.clock()
    const word = { identityId: bob, contact: 'of bob', approves: true, at: now }
    const row = { ownerId: ana, process: 'p', asked: [bob, eve], sealed: '', expiresAt: now + 60 * minute }
    await house.store.vouchings.insert({ ...row, id: 'asked', answers: [word], endedAt: now })
    const about = { identityId: bob, vouching: 'asked' }
    expect(await freeze(about)).toEqual(['nothing'])
    await house.recoveries.begin(ana, { result: proved(ana), lost: [] }, here)
    expect(await freeze({ ...about, identityId: eve })).toEqual(['nothing'])
    expect(await freeze(about)).toEqual(['vouching-stopped'])
    expect(await house.recoveries.of(ana)).toMatchObject({ state: 'contested', contested: 'objection' })
    expect(await freeze(about)).toEqual(['nothing'])
  })
})
