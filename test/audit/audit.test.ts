import { expect, it } from 'vitest'
import { createAuditLog } from '../../src/audit/index.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { createPlaces, readDatabase } from '../../src/networks/places.ts'
import { createVault, random } from '../../src/vault/vault.ts'
import { noting } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { mmdb, world } from '../support/mmdb.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'

const vault = createVault(new Uint8Array(32).fill(3))

async function openLog(open: OpenStore) {
  const clock = createClock()
  const store = await open(clock.now)
  const another = () => createAuditLog({ store, vault, clock: clock.now, random })
  return { clock, store, another, log: another() }
}

function event(fields: Partial<AuditEvent> = {}): AuditEvent {
  return { action: 'identity.updated', result: 'success', actor: { kind: 'operator' }, ...fields }
}

const all = { limit: 100 }

eachStore((_, open) => {
  it('answers the newest first, page by page, without gaps or repetitions', async () => {
    const { log, clock } = await openLog(open)
    for (let count = 0; count < 25; count += 1) {
      await log.record(event({ details: { count } }))
      if (count % 5 === 4) clock.advance(1)
    }
    const counts: unknown[] = []
    let after: string | undefined
    do {
      const page = await log.list({ limit: 4, ...(after === undefined ? {} : { after }) })
      counts.push(...page.items.map((entry) => entry.details?.count))
      after = page.next
    } while (after !== undefined)
    expect(counts).toEqual(Array.from({ length: 25 }, (_, index) => 24 - index))
  })

  it('finds by whom it concerns, by client, by action, and by several of them', async () => {
    const { log } = await openLog(open)
    await log.record(event({ identityId: 'ana', clientId: 'shop' }))
    await log.record(event({ identityId: 'ben', clientId: 'shop', action: 'session.started' }))
    await log.record(event({ identityId: 'ana', clientId: 'mail', action: 'session.started' }))
    const found = async (query: object) =>
      (await log.list({ ...all, ...query })).items.map((entry) => `${entry.identityId} ${entry.clientId}`)
    expect(await found({ identityId: 'ana' })).toEqual(['ana mail', 'ana shop'])
    expect(await found({ clientId: 'shop' })).toEqual(['ben shop', 'ana shop'])
    expect(await found({ action: 'session.started' })).toEqual(['ana mail', 'ben shop'])
    expect(await found({ identityId: 'ana', action: 'session.started' })).toEqual(['ana mail'])
    expect(await found({ identityId: 'nobody' })).toEqual([])
  })

  it('keeps the country of an address with the personal fields, and nothing nearer', async () => {
    const { store, clock } = await openLog(open)
    const database = readDatabase(mmdb(world))
    const places = createPlaces(() => database)
    const log = createAuditLog({ store, vault, clock: clock.now, random, places })
    for (const address of ['203.0.113.7', '127.0.0.1'])
      await log.record(event({ identityId: 'ana', actor: { kind: 'identity', id: 'ana', address } }))
    const [local, placed] = (await log.list(all)).items
    expect(placed?.personal).toEqual({ address: '203.0.113.7', country: 'DE' })
    expect(local?.personal).toEqual({ address: '127.0.0.1' })
    const [row] = await store.audit.findBy('identityId', 'ana')
    expect(JSON.stringify(row)).not.toContain('"DE"')
    await log.forget('ana')
    expect((await log.list(all)).items.map(({ personal }) => personal)).toEqual([undefined, undefined])
  })

  it('keeps where somebody came from with the personal fields, which no copy of the database shows', async () => {
    const { log, store } = await openLog(open)
    const actor = {
      kind: 'identity',
      id: 'ana',
      address: '203.0.113.7',
      userAgent: 'Browser 1',
      traceId: 'trace',
    } as const
    await log.record(event({ actor, identityId: 'ana', personal: { identifier: 'ana@example.com' } }))
    const [entry] = (await log.list(all)).items
    expect(entry).toMatchObject({
      actor: { kind: 'identity', id: 'ana' },
      traceId: 'trace',
      personal: { address: '203.0.113.7', userAgent: 'Browser 1', identifier: 'ana@example.com' },
    })
    const raw = JSON.stringify((await store.audit.page({ limit: 10 })).items)
    for (const personal of ['203.0.113.7', 'Browser 1', 'ana@example.com'])
      expect(raw).not.toContain(personal)
  })

  it('forgets what is personal about one identity, for ever, and keeps the entries and everybody else', async () => {
    const { log, another, clock } = await openLog(open)
    await log.record(event({ identityId: 'ana', personal: { address: '203.0.113.7' } }))
    await log.record(event({ identityId: 'ben', personal: { address: '203.0.113.8' } }))
    await log.record(event({ personal: { address: '203.0.113.9' } }))
    await log.forget('ana')
    await log.record(event({ identityId: 'ana', personal: { address: '203.0.113.7' } }))
    clock.advance(61_000)
    for (const reader of [log, another()]) {
      const { items } = await reader.list(all)
      expect(items.map((entry) => entry.personal?.address)).toEqual([
        undefined,
        '203.0.113.9',
        '203.0.113.8',
        undefined,
      ])
    }
  })

  it('F3: processes that record about a new identity at once agree on its key', async () => {
    const { another } = await openLog(open)
    const logs = Array.from({ length: 8 }, another)
    await Promise.all(
      logs.map((log, index) => log.record(event({ identityId: 'ana', personal: { index: String(index) } }))),
    )
    const { items } = await another().list(all)
    expect(items.map((entry) => entry.personal?.index).sort()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ])
  })

  it('remembers keys instead of reading them each time', async () => {
    const { store, clock } = await openLog(open)
    const notes: string[] = []
    const log = createAuditLog({ store: noting(store, notes), vault, clock: clock.now, random })
    for (let count = 0; count < 3; count += 1)
      await log.record(event({ identityId: 'ana', personal: { a: 'b' } }))
    expect(notes.filter((note) => note === 'identityKeys.get')).toHaveLength(1)
    expect(notes.filter((note) => note === 'audit.insert')).toHaveLength(3)
  })

  it('says that an altered entry was altered, and shows the others', async () => {
    const { log, store } = await openLog(open)
    await log.record(event({ identityId: 'ana', personal: { address: '203.0.113.7' } }))
    await log.record(event({ identityId: 'ana', personal: { address: '203.0.113.8' } }))
    const [newer, older] = (await store.audit.page({ limit: 2, descending: true })).items
    if (newer === undefined || older === undefined) throw new Error('two entries were recorded')
    await store.audit.replace({ ...newer, sealed: older.sealed ?? '' })
    const { items } = await log.list(all)
    expect(items.map((entry) => entry.personal)).toEqual([
      { unreadable: 'altered' },
      { address: '203.0.113.7' },
    ])
  })

  it('S42: withholds what is called like a secret or looks like one, in every field', async () => {
    const { log, store } = await openLog(open)
    const token = random(32)
    const fields = {
      password: 'correct horse battery staple',
      client_secret: 'short',
      code: '12345678',
      refreshToken: 'x',
      note: `see https://id.example.com/recovery/link?token=${token}`,
      hash: '$argon2id$v=19$m=19456',
      header: `eyJhbGciOiJFUzI1NiJ9.${random(60)}.${random(60)}`,
    }
    await log.record(
      event({
        identityId: 'ana',
        personal: fields,
        details: { ...fields, list: [token] },
        reason: 'Password 123!',
      }),
    )
    const [entry] = (await log.list(all)).items
    expect(new Set(Object.values(entry?.personal ?? {}))).toEqual(new Set(['[withheld]']))
    const { list, ...single } = entry?.details ?? {}
    expect(new Set(Object.values(single))).toEqual(new Set(['[withheld]']))
    expect(list).toEqual(['[withheld]'])
    expect(entry?.reason).toBe('unspecified')
    const raw = JSON.stringify((await store.audit.page({ limit: 10 })).items)
    for (const secret of [token, 'battery', '12345678', 'Password 123!']) expect(raw).not.toContain(secret)
  })

  it('keeps what is no secret: names of ours, ids, key ids, user agents', async () => {
    const { log } = await openLog(open)
    const details = {
      factor: 'x',
      secretId: random(9),
      kid: random(32),
      count: 3,
      ok: true,
      scopes: ['openid', 'email'],
    }
    const userAgent =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
    await log.record(
      event({
        identityId: random(16),
        clientId: random(16),
        reason: 'invalid_grant',
        details,
        personal: { userAgent },
      }),
    )
    expect((await log.list(all)).items[0]).toMatchObject({
      reason: 'invalid_grant',
      details,
      personal: { userAgent },
    })
  })
})
