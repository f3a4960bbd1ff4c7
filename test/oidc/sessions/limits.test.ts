import { expect, it } from 'vitest'
import { acrOf } from '../../../src/domain/assurance.ts'
import { hour, minute } from '../../../src/domain/time.ts'
import type { SessionPayload } from '../../../src/oidc/session-merge.ts'
import type { SessionRows } from '../../../src/oidc/session-rows.ts'
import { createClock } from '../../support/clock.ts'
import { eachStore } from '../../support/stores.ts'
import { useNodes } from '../support/nodes.ts'

eachStore((_, open) => {
  const nodes = useNodes(open)
  const uid = 'u'.repeat(43)

  async function begin({
    remembered = false,
    ...session
  }: Partial<SessionPayload> & { remembered?: boolean } = {}) {
    const clock = createClock()
    const [node] = await nodes(1, { clock: clock.now })
    const { sessions } = node
    const loginTs = Math.floor(clock.now() / 1000)
    const payload = { uid, jti: 'id', accountId: 'ana', loginTs, ...session }
    await sessions.write(remembered ? payload : { ...payload, transient: true })
    return { clock, sessions, node }
  }

  async function use(sessions: SessionRows): Promise<boolean> {
    const session = await sessions.byUid(uid)
    if (session === undefined) return false
    return (await sessions.write(session.payload, session)).status === 'saved'
  }

  it('S29: a session at one factor ends after a day without use', async () => {
    const { clock, sessions } = await begin({ acr: acrOf('single-factor') })
    clock.advance(2 * hour)
    expect(await sessions.byId('id')).toBeDefined()
    clock.advance(22 * hour)
    expect(await sessions.byId('id')).toBeUndefined()
    expect(await sessions.ofIdentity('ana')).toEqual([])
  })

  it('S29: a session at two factors ends after an hour without use', async () => {
    const { clock, sessions } = await begin({ acr: acrOf('two-factor') })
    clock.advance(59 * minute)
    expect(await use(sessions)).toBe(true)
    clock.advance(59 * minute)
    expect(await sessions.byUid(uid)).toBeDefined()
    clock.advance(2 * minute)
    expect(await sessions.byUid(uid)).toBeUndefined()
  })

  it('S29: use does not stretch a session beyond its absolute end', async () => {
    const { clock, sessions } = await begin()
    for (let hours = 0; hours < 23; hours++) {
      clock.advance(hour)
      expect(await use(sessions)).toBe(true)
    }
    clock.advance(hour)
    expect(await sessions.byUid(uid)).toBeUndefined()
  })

  it('S29: a remembered session outlives days without use, for thirty days', async () => {
    const { clock, sessions } = await begin({ remembered: true })
    clock.advance(20 * 24 * hour)
    expect(await use(sessions)).toBe(true)
    clock.advance(10 * 24 * hour)
    expect(await sessions.byUid(uid)).toBeUndefined()
  })

  it('S29: proving oneself anew counts the absolute time anew', async () => {
    const { clock, sessions } = await begin()
    clock.advance(20 * hour)
    const session = await sessions.byUid(uid)
    if (session === undefined) throw new Error('gone')
    await sessions.write({ ...session.payload, jti: 'new', loginTs: Math.floor(clock.now() / 1000) }, session)
    clock.advance(20 * hour)
    expect(await sessions.byUid(uid)).toBeDefined()
  })

  it('visits to the portal count as use, and write at most once a minute', async () => {
    const { clock, sessions } = await begin({ acr: acrOf('two-factor') })
    const version = async () => (await sessions.byUid(uid))?.row.version
    await sessions.touch(uid)
    expect(await version()).toBe(1)
    for (let minutes = 0; minutes < 90; minutes += 30) {
      clock.advance(30 * minute)
      await sessions.touch(uid)
    }
    expect(await version()).toBe(4)
  })

  it.each([10_000, 60_000, hour])(
    'F8: a clock that is set back by %i ms revives no session',
    async (jump) => {
      const { clock, sessions } = await begin({ acr: acrOf('two-factor') })
      clock.advance(hour + 1)
      expect(await sessions.byUid(uid)).toBeUndefined()
      clock.advance(-jump)
      expect(await sessions.byUid(uid)).toBeUndefined()
      expect(await sessions.byId('id')).toBeUndefined()
    },
  )

  it('F8: nor one that was past its absolute end', async () => {
    const { clock, sessions } = await begin({ remembered: true, acr: acrOf('single-factor') })
    clock.advance(30 * 24 * hour)
    expect(await sessions.byUid(uid)).toBeUndefined()
    clock.advance(-hour)
    expect(await sessions.byUid(uid)).toBeUndefined()
  })

  it('F8: a sign-out holds when the clock goes back', async () => {
    const { clock, sessions } = await begin()
    await sessions.end(uid)
    clock.advance(-hour)
    expect(await sessions.byUid(uid)).toBeUndefined()
  })

  it('keeps nothing of the person in a tombstone', async () => {
    const { sessions } = await begin()
    await sessions.end(uid)
    const [row] = (await nodes.store().sessions.page({ limit: 10 })).items
    expect(row).toMatchObject({ sealed: '', alias: '' })
    expect(row?.identityId).toBeUndefined()
  })
})
