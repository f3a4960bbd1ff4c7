/** What reviewers are told about an account beside a case. */
import { expect, it } from 'vitest'
import { day, hour } from '../../src/domain/time.ts'
import { eachStore } from '../support/stores.ts'
import { createCaseWorld, statement, visit } from './case-world.ts'

const munich = { country: 'DE', region: 'Bavaria', city: 'Munich' }
const hamburg = { country: 'DE', region: 'Hamburg', city: 'Hamburg' }
const paris = { country: 'FR', city: 'Paris' }
const placesByAddress: Readonly<Record<string, typeof munich | typeof paris>> = {
  '203.0.113.7': munich,
  '203.0.113.8': munich,
  '198.51.100.1': hamburg,
  '192.0.2.1': paris,
}

eachStore((_, open) => {
  async function prepared() {
    const places = { find: (address: string) => placesByAddress[address] }
    const world = await createCaseWorld(open, { places, contactsOf: async () => 3 })
    const { audit, ana, cases, queue, clock, reviewer } = world
    const { id: rita } = await reviewer('rita')
    const record = (action: Parameters<typeof audit.record>[0]['action'], more = {}) =>
      audit.record({
        action,
        result: 'success',
        actor: { kind: 'identity', id: ana, address: '203.0.113.7' },
        identityId: ana,
        ...more,
      })
    async function signs(from = visit.address, device = visit.device) {
      const opened = await cases.open(statement, [], { ...visit, address: from, device })
      if (opened.status !== 'opened') throw new Error(opened.reason)
      await queue.run()
      const { id = '' } = (await cases.find(opened.code)) ?? {}
      return async () => {
        const found = (await cases.look(id, rita))?.signs ?? []
        return Object.fromEntries(found.map((sign) => [sign.name, sign]))
      }
    }
    return { ...world, record, signs, later: (ms: number) => clock.advance(ms) }
  }

  it('says how old the account is, that nothing was changed, and that there was no other case', async () => {
    const { signs, later } = await prepared()
    later(40 * day)
    const seen = await (await signs())()
    expect(Object.keys(seen)).toEqual([
      'device.none',
      'place.nothing',
      'signed-in.never',
      'last.never',
      'changed.never',
      'failures.count',
      'contacts.silent',
      'age.old',
      'others.none',
    ])
  })

  it('knows the browser and the places from which the owner signed in before', async () => {
    const { signs, record, devices, ana, later } = await prepared()
    await record('authentication.completed')
    await devices.remember(visit.device, ana, 'Browser 1')
    later(hour)
    for (const [address, name, tone] of [
      ['203.0.113.7', 'place.same-address', 'good'],
      ['203.0.113.8', 'place.usual', 'good'],
      ['198.51.100.1', 'place.country', 'plain'],
    ] as const)
      expect(await (await signs(address))()).toMatchObject({
        [name]: { tone },
        'device.known': { tone: 'good' },
      })
    later(day)
    const seen = await (await signs('192.0.2.1', 'x'.repeat(43)))()
    expect(seen).toMatchObject({ 'place.new': { tone: 'bad', text: 'Paris, France' }, 'device.unknown': {} })
    expect(seen).toMatchObject({ 'last.at': {}, 'others.count': { count: 3 } })
  })

  it('warns of changes before, failures, sign-ins since, refusals of contacts, and counts who vouched', async () => {
    const { signs, record, later } = await prepared()
    await record('credential.enrolled')
    for (let nth = 0; nth < 12; nth += 1) await record('authentication.refused', { result: 'failure' })
    later(hour)
    const look = await signs()
    await record('authentication.completed')
    const contact = (word: 'approved' | 'refused', nth: string) =>
      record(`contact.${word}`, { actor: { kind: 'system' }, details: { contact: nth, by: 'other' } })
    await contact('approved', 'one')
    await contact('approved', 'one')
    await contact('approved', 'two')
    expect(await look()).toMatchObject({
      'changed.since': { tone: 'bad', count: 1 },
      'failures.count': { tone: 'bad', count: 12 },
      'signed-in.since': { tone: 'bad', count: 1 },
      'contacts.vouched': { tone: 'good', count: 2 },
    })
    await contact('refused', 'three')
    expect(await look()).toMatchObject({ 'contacts.refused': { tone: 'bad', count: 1 } })
  })
})
