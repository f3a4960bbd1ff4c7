import { expect, it } from 'vitest'
import { hour, minute } from '../../src/domain/time.ts'
import { createRegistrations, type RegistrationsTools } from '../../src/identities/registration.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { Store } from '../../src/ports/store.ts'
import { random } from '../../src/vault/vault.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'
import { createWorld, issuer, noting, operator, parallel, worldOn } from './world.ts'

const settings = { open: true, allowed_domains: [], code_lifetime: 10 * minute, code_tries: 5 }
const form = { email: 'Ana@example.com', name: 'Ana Lima', language: 'en', application: 'Shop' }

function registrationsOn(
  store: Store,
  now: () => number,
  changed: Partial<RegistrationsTools['settings']> = {},
) {
  const world = worldOn(store, now)
  const tools = { ...world, store, clock: now, random, settings: { ...settings, ...changed }, issuer }
  return { ...world, registrations: createRegistrations(tools) }
}

async function openRegistrations(open: OpenStore, changed: Partial<RegistrationsTools['settings']> = {}) {
  const { clock, store } = await createWorld(open)
  return { clock, store, ...registrationsOn(store, clock.now, changed) }
}

function codeIn(messages: readonly Message[]): string {
  const code = messages.findLast(({ template }) => template === 'registration-code')?.values.code
  if (typeof code !== 'string') throw new Error('no code was sent')
  return code
}

eachStore((_, open) => {
  it('proves the address by a code before there is an identity', async () => {
    const { registrations, identities, messages, audit, store } = await openRegistrations(open)
    expect(await registrations.begin('process', form)).toEqual({ status: 'sent' })
    expect(messages).toMatchObject([
      {
        template: 'registration-code',
        to: { kind: 'email', written: 'Ana@example.com' },
        language: 'en',
        values: { application: 'Shop', minutes: 10 },
      },
    ])
    expect(codeIn(messages)).toMatch(/^\d{8}$/)
    expect(await registrations.pending('process')).toEqual({ email: 'A•••@example.com' })
    expect(await store.identities.count()).toBe(0)

    const confirmed = await registrations.confirm(
      'process',
      ` ${codeIn(messages).slice(0, 4)} ${codeIn(messages).slice(4)}\n`,
    )
    if (confirmed.status !== 'confirmed') throw new Error(confirmed.status)
    expect(await identities.get(confirmed.identityId)).toMatchObject({
      state: 'active',
      // What others cause later (a question, an answer) is told in it, whatever language they read.
      claims: { name: 'Ana Lima', locale: 'en' },
      identifiers: [
        {
          kind: 'email',
          value: 'ana@example.com',
          written: 'Ana@example.com',
          verifiedAt: expect.any(Number),
        },
      ],
      roles: [],
    })
    expect((await audit.list({ limit: 1 })).items[0]).toMatchObject({
      action: 'identity.registered',
      identityId: confirmed.identityId,
    })
    expect(await registrations.pending('process')).toBeUndefined()
    expect(await registrations.confirm('process', codeIn(messages))).toEqual({ status: 'expired' })
  })

  it('S28: the store holds neither the code nor the address in clear, nor a bare hash of the code', async () => {
    const { registrations, messages, store, digest } = await openRegistrations(open)
    await registrations.begin('process', form)
    const raw = JSON.stringify((await store.registrations.page({ limit: 10 })).items)
    for (const clear of [codeIn(messages), digest(codeIn(messages)), 'example.com', 'Lima', 'process'])
      expect(raw).not.toContain(clear)
  })

  it('S28: a code works for ten minutes', async () => {
    const { registrations, messages, clock } = await openRegistrations(open)
    await registrations.begin('process', form)
    clock.advance(10 * minute)
    expect(await registrations.confirm('process', codeIn(messages))).toEqual({ status: 'expired' })
  })

  it('belongs to its process: another one with the same code gets nothing', async () => {
    const { registrations, messages } = await openRegistrations(open)
    await registrations.begin('process', form)
    await registrations.begin('other', { ...form, email: 'eve@example.com' })
    const codes = messages.map(({ values }) => String(values.code))
    expect((await registrations.confirm('other', codes[0] ?? '')).status).toBe('refused')
    expect((await registrations.confirm('unknown', codes[0] ?? '')).status).toBe('expired')
  })

  it('F3: 32 parallel guesses get five tries, and the right code is worth nothing after them', async () => {
    const { registrations, messages } = await openRegistrations(open)
    await registrations.begin('process', form)
    const outcomes = await parallel(32, (index) => registrations.confirm('process', `guess${index}`))
    expect(outcomes.filter(({ status }) => status === 'refused')).toHaveLength(5)
    expect(outcomes.filter(({ status }) => status === 'expired')).toHaveLength(27)
    expect(await registrations.confirm('process', codeIn(messages))).toEqual({ status: 'expired' })
  })

  it('F3: of 8 parallel confirmations with the right code exactly one makes an identity', async () => {
    const { registrations, messages, store } = await openRegistrations(open, { code_tries: 20 })
    await registrations.begin('process', form)
    const code = codeIn(messages)
    const outcomes = await parallel(8, () => registrations.confirm('process', code))
    expect(outcomes.filter(({ status }) => status === 'confirmed')).toHaveLength(1)
    expect(await store.identities.count()).toBe(1)
  })

  it('F3: two registrations of one address make one identity, whoever confirms first', async () => {
    const { registrations, messages, store } = await openRegistrations(open)
    await registrations.begin('one', form)
    await registrations.begin('two', form)
    const [first, second] = messages.map(({ values }) => String(values.code))
    const outcomes = await Promise.all([
      registrations.confirm('one', first ?? ''),
      registrations.confirm('two', second ?? ''),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['confirmed', 'expired'])
    expect([await store.identities.count(), await store.claims.count()]).toEqual([1, 1])
  })

  it('S32: an address that somebody has gets the same answers, and its owner a message instead of a code', async () => {
    const { registrations, identities, messages, store } = await openRegistrations(open)
    await identities.create(
      {
        identifiers: [{ kind: 'email', written: 'ana@example.com' }],
        claims: { name: 'Ana' },
        state: 'active',
      },
      operator,
    )
    expect(await registrations.begin('process', { ...form, email: 'ANA@example.com' })).toEqual({
      status: 'sent',
    })
    expect(messages).toMatchObject([
      {
        template: 'registration-existing',
        to: { written: 'ana@example.com' },
        values: { link: `${issuer}/recovery` },
      },
    ])
    expect(messages[0]?.values).not.toHaveProperty('code')
    expect(await registrations.pending('process')).toEqual({ email: 'A•••@example.com' })
    for (const triesLeft of [4, 3, 2, 1, 0])
      expect(await registrations.confirm('process', '12345678')).toEqual({ status: 'refused', triesLeft })
    expect(await registrations.confirm('process', '12345678')).toEqual({ status: 'expired' })
    expect(await store.identities.count()).toBe(1)
  })

  it('S32: asks the store for the same things, whether or not the address is taken', async () => {
    const { clock, store, identities } = await openRegistrations(open)
    await identities.create(
      { identifiers: [{ kind: 'email', written: 'ana@example.com' }], state: 'active' },
      { ...operator, address: '203.0.113.7' },
    )
    const asked = async (email: string) => {
      const notes: string[] = []
      const { registrations, messages } = registrationsOn(noting(store, notes), clock.now)
      const origin = { address: '203.0.113.7' }
      await registrations.begin('warm', { ...form, email: 'warm@example.com', origin })
      notes.length = 0
      messages.length = 0
      await registrations.begin(email, { ...form, email, origin })
      await registrations.confirm(email, '0', origin)
      return [...notes, `${messages.length} message`]
    }
    expect(await asked('ana@example.com')).toEqual(await asked('nobody@example.com'))
  })

  it('S26: one address gets three mails at once and at most six in any hour, however many processes ask', async () => {
    const { registrations, messages, clock } = await openRegistrations(open)
    await parallel(20, (index) =>
      registrations.begin(`process${index}`, { ...form, email: index % 2 ? 'ANA@example.com' : form.email }),
    )
    const delivered = () => messages.filter(({ to }) => to.kind === 'email')
    expect(messages).toHaveLength(20)
    expect(delivered()).toHaveLength(3)
    const start = clock.now()
    while (clock.now() < start + hour - minute) {
      clock.advance(minute)
      expect(await registrations.begin('again', form)).toEqual({ status: 'sent' })
    }
    expect(delivered()).toHaveLength(5)
    await registrations.begin('other', { ...form, email: 'ben@example.com' })
    expect(messages.at(-1)?.to.written).toBe('ben@example.com')
  })

  it('keeps the last code good when no further one may be sent, and makes a new one otherwise', async () => {
    const { registrations, messages } = await openRegistrations(open)
    for (let sent = 0; sent < 3; sent += 1) await registrations.begin('process', form)
    const [first] = messages.map(({ values }) => String(values.code))
    expect((await registrations.confirm('process', first ?? '')).status).toBe('refused')
    await registrations.begin('process', form)
    expect(messages.map(({ to }) => to.kind)).toEqual(['email', 'email', 'email', 'username'])
    expect((await registrations.confirm('process', codeIn(messages.slice(0, 3)))).status).toBe('confirmed')
  })

  it('refuses what is no address or name, other domains, and everything while it is closed; nothing is sent or stored', async () => {
    const limited = await openRegistrations(open, { allowed_domains: ['Example.com'] })
    const reason = async (changed: object) => limited.registrations.begin('process', { ...form, ...changed })
    expect(await reason({ email: 'ana' })).toEqual({ status: 'invalid', reason: 'email' })
    expect(await reason({ email: 'ana@example.com\r\nBcc: x@y.z' })).toEqual({
      status: 'invalid',
      reason: 'email',
    })
    expect(await reason({ email: 'ana@example.org' })).toEqual({ status: 'invalid', reason: 'domain' })
    expect(await reason({ email: 'ana@sub.example.com' })).toEqual({ status: 'invalid', reason: 'domain' })
    expect(await reason({ name: 'a'.repeat(300) })).toEqual({ status: 'invalid', reason: 'name' })
    const closed = await openRegistrations(open, { open: false })
    expect(closed.registrations.open).toBe(false)
    expect(await closed.registrations.begin('process', form)).toEqual({ status: 'invalid', reason: 'closed' })
    expect([limited.messages, closed.messages]).toEqual([[], []])
    expect(await limited.store.registrations.count()).toBe(0)
    expect((await reason({ name: ' ' })).status).toBe('sent')
  })
})
