import { expect, it } from 'vitest'
import type { Identity } from '../../src/domain/identity.ts'
import { day, minute } from '../../src/domain/time.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { Store } from '../../src/ports/store.ts'
import { createLinks, type LinkEnrolment } from '../../src/recovery/links.ts'
import { random } from '../../src/vault/vault.ts'
import { createWorld, failing, issuer, noting, operator, parallel, worldOn } from '../identities/world.ts'
import { eachStore, type OpenStore } from '../support/stores.ts'

const settings = { invitation: { lifetime: 7 * day }, recovery: { link_lifetime: 15 * minute } }
const visit = { address: '203.0.113.7', language: 'en', userAgent: 'Browser 1' }
const asked = { address: '203.0.113.7', language: 'en' }
const factor = 'phrase'
const goodForm = { phrase: 'a new phrase' }

/** Enrols a made-up factor: a phrase of at least three characters. Each entry of `conflicts` makes one write come too late. */
function enrolmentOn(store: Store, channels: unknown[], conflicts: unknown[]): LinkEnrolment {
  return {
    async prepare(identityId, name, form, _visit, { channel }) {
      if ((form.phrase ?? '').length < 3)
        return { status: 'refused', reason: 'too-short', values: { min: 3 } }
      channels.push(channel)
      return {
        status: 'prepared',
        async commit() {
          const id = `${identityId} ${name}`
          if (conflicts.pop() !== undefined) return { status: 'refused' }
          await store.credentials.put({ id, identityId, factor: name, data: form.phrase, createdAt: 0 })
          return { status: 'enrolled' }
        },
      }
    },
  }
}

function linksOn(store: Store, now: () => number) {
  const world = worldOn(store, now)
  const unlocked: string[] = []
  const channels: unknown[] = []
  const conflicts: unknown[] = []
  const links = createLinks({
    ...world,
    store,
    clock: now,
    random,
    enrol: enrolmentOn(store, channels, conflicts),
    factors: [
      { name: factor, resettable: true },
      { name: 'device', resettable: false },
    ],
    unlocked: async ({ value }) => void unlocked.push(value),
    settings,
    issuer,
  })
  return { ...world, links, unlocked, channels, conflicts }
}

async function openLinks(open: OpenStore) {
  const { clock, store } = await createWorld(open)
  const world = { clock, store, ...linksOn(store, clock.now) }
  async function person(
    state: 'invited' | 'active',
    written = 'Ana@example.com',
    verified = false,
  ): Promise<Identity> {
    const identifiers = [{ kind: 'email', written, verified }] as const
    const created = await world.identities.create(
      { identifiers, claims: { name: 'Ana Lima' }, state },
      operator,
    )
    if (created.status !== 'created') throw new Error(created.status)
    return created.identity
  }
  const phraseOf = async (identityId: string) =>
    (await store.credentials.findBy('identityId', identityId))[0]?.data
  return { ...world, person, phraseOf }
}

function tokenIn(link: unknown): string {
  return new URL(String(link)).searchParams.get('token') ?? ''
}

function mailedToken(messages: readonly Message[]): string {
  return tokenIn(messages.findLast(({ values }) => String(values.link).includes('token='))?.values.link)
}

eachStore((_, open) => {
  it('invites: the mailed link sets the first credential, activates and proves the address', async () => {
    const { links, person, messages, identities, phraseOf, channels, ended } = await openLinks(open)
    const { id } = await person('invited')
    const { link } = await links.invite(id, operator, { language: 'de' })
    expect(link).toMatch(/^https:\/\/id\.example\.com\/invitation\?token=[A-Za-z0-9_-]{43}$/)
    expect(messages).toMatchObject([
      {
        template: 'invitation',
        to: { written: 'Ana@example.com' },
        language: 'de',
        name: 'Ana Lima',
        values: { minutes: 7 * 24 * 60 },
      },
    ])
    const token = mailedToken(messages)
    expect(await links.peek(token)).toEqual({
      purpose: 'invitation',
      identityId: id,
      name: 'Ana Lima',
      identifier: 'Ana@example.com',
    })

    expect(await links.redeem(token, factor, goodForm, visit)).toEqual({ status: 'done', identityId: id })
    expect(await identities.get(id)).toMatchObject({
      state: 'active',
      identifiers: [{ verifiedAt: expect.any(Number) }],
    })
    expect(await phraseOf(id)).toBe('a new phrase')
    expect(channels).toEqual(['email'])
    expect(ended).toEqual([id])
    expect(messages.map(({ template }) => template)).toEqual(['invitation'])
  })

  it('an invitation that was handed over instead of mailed proves no address', async () => {
    const { links, person, messages, identities, channels } = await openLinks(open)
    const { id } = await person('invited')
    const { link } = await links.invite(id, operator, { language: 'en' })
    expect(tokenIn(link)).not.toBe(mailedToken(messages))
    expect((await links.redeem(tokenIn(link), factor, goodForm, visit)).status).toBe('done')
    const identity = await identities.get(id)
    expect(identity?.state).toBe('active')
    expect(identity?.identifiers[0]).not.toHaveProperty('verifiedAt')
    expect(channels).toEqual([undefined])
    expect(await links.redeem(mailedToken(messages), factor, goodForm, visit)).toEqual({ status: 'expired' })
  })

  it('a new invitation voids the ones before; one without mail sends nothing', async () => {
    const { links, person, messages } = await openLinks(open)
    const { id } = await person('invited')
    const first = await links.invite(id, operator, { language: 'en' })
    const mailed = mailedToken(messages)
    const second = await links.invite(id, operator, { language: 'en', mail: false })
    expect(messages).toHaveLength(1)
    expect([await links.peek(tokenIn(first.link)), await links.peek(mailed)]).toEqual([undefined, undefined])
    expect(await links.peek(tokenIn(second.link))).toBeDefined()
  })

  it('invites nobody who can sign in already or never may', async () => {
    const { links, person, identities, messages } = await openLinks(open)
    const { id } = await person('active')
    const { link } = await links.invite(id, operator, { language: 'en' })
    expect((await links.redeem(tokenIn(link), factor, goodForm, visit)).status).toBe('done')
    const sent = messages.length
    await expect(links.invite(id, operator, { language: 'en' })).rejects.toMatchObject({ code: 'conflict' })
    await identities.suspend(id, operator)
    await expect(links.invite(id, operator, { language: 'en' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(links.invite('nobody', operator, { language: 'en' })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(messages).toHaveLength(sent)
  })

  it('S33: forgotten mails a link from the issuer, good for 15 minutes', async () => {
    const { links, person, messages, clock } = await openLinks(open)
    const { id } = await person('active', 'ana@example.com', true)
    await links.request(' ANA@example.com', asked)
    expect(messages).toMatchObject([
      {
        template: 'recovery-link',
        to: { written: 'ana@example.com' },
        name: 'Ana Lima',
        values: { minutes: 15, address: '203.0.113.7' },
      },
    ])
    expect(messages[0]?.values.link).toMatch(
      /^https:\/\/id\.example\.com\/recovery\/link\?token=[A-Za-z0-9_-]{43}$/,
    )
    const token = mailedToken(messages)
    expect(await links.peek(token)).toMatchObject({ purpose: 'recovery', identityId: id })
    clock.advance(15 * minute)
    expect(await links.peek(token)).toBeUndefined()
    expect(await links.redeem(token, factor, goodForm, visit)).toEqual({ status: 'expired' })
  })

  it('S33: looking at a link does not spend it, a refused form does not either, and using it does', async () => {
    const { links, person, messages, phraseOf } = await openLinks(open)
    const { id } = await person('active')
    await links.request('ana@example.com', asked)
    const token = mailedToken(messages)
    for (let looks = 0; looks < 3; looks += 1) expect(await links.peek(token)).toBeDefined()
    expect(await links.redeem(token, factor, { phrase: 'ab' }, visit)).toEqual({
      status: 'refused',
      reason: 'too-short',
      values: { min: 3 },
    })
    expect(await phraseOf(id)).toBeUndefined()
    expect(await links.redeem(token, factor, goodForm, visit)).toEqual({ status: 'done', identityId: id })
    expect(await links.peek(token)).toBeUndefined()
    expect(await links.redeem(token, factor, { phrase: 'another phrase' }, visit)).toEqual({
      status: 'expired',
    })
    expect(await phraseOf(id)).toBe('a new phrase')
  })

  it('after a recovery every session is over, the lock is lifted, the address is proved and the owner is told', async () => {
    const { links, person, messages, ended, unlocked, identities, audit } = await openLinks(open)
    const { id } = await person('active')
    await links.request('ana@example.com', asked)
    await links.redeem(mailedToken(messages), factor, goodForm, visit)
    expect(ended).toEqual([id])
    expect(unlocked).toEqual(['ana@example.com'])
    expect((await identities.get(id))?.identifiers[0]?.verifiedAt).toBeTypeOf('number')
    expect(messages.at(-1)).toMatchObject({
      template: 'credential-changed',
      to: { written: 'Ana@example.com' },
      values: { address: '203.0.113.7', device: 'Browser 1' },
    })
    expect(messages.at(-1)?.values).toMatchObject({
      factor,
      at: expect.any(Number),
      link: `${issuer}/account/security`,
    })
    const [entry] = (await audit.list({ identityId: id, limit: 1 })).items
    expect(entry).toMatchObject({
      action: 'recovery.completed',
      actor: { kind: 'identity', id },
      details: { sessions: 2 },
      personal: { address: '203.0.113.7' },
    })
  })

  it.each([2, 8, 32])(
    'F3: of %i parallel uses of one link exactly one sets the credential',
    async (racers) => {
      const { links, person, messages, phraseOf, ended } = await openLinks(open)
      const { id } = await person('active')
      await links.request('ana@example.com', asked)
      const token = mailedToken(messages)
      const outcomes = await parallel(racers, (index) =>
        links.redeem(token, factor, { phrase: `phrase ${index}` }, visit),
      )
      const winners = outcomes.flatMap(({ status }, index) => (status === 'done' ? [index] : []))
      expect(winners).toHaveLength(1)
      expect(outcomes.filter(({ status }) => status === 'expired')).toHaveLength(racers - 1)
      expect(await phraseOf(id)).toBe(`phrase ${winners[0]}`)
      expect(ended).toEqual([id])
    },
  )

  it('S35: a link that went to an address which is no longer theirs leads nowhere, whenever it was made', async () => {
    const { links, person, messages, identities, phraseOf } = await openLinks(open)
    const { id } = await person('active', 'Ana@example.com', true)
    await links.request('ana@example.com', asked)
    const token = mailedToken(messages)
    const change = {
      add: { kind: 'email', written: 'ana@new.example.com' },
      remove: { kind: 'email', value: 'ana@example.com' },
    } as const
    expect((await identities.changeIdentifier(id, change, operator)).status).toBe('changed')
    // As if it was asked for just before, and written just after what waited was made void.
    expect(await links.peek(token)).toBeUndefined()
    expect(await links.redeem(token, factor, goodForm, visit)).toEqual({ status: 'expired' })
    expect(await phraseOf(id)).toBeUndefined()
    await links.request('ana@new.example.com', asked)
    expect((await links.redeem(mailedToken(messages), factor, goodForm, visit)).status).toBe('done')
  })

  it('F3: a mailed and a handed-over invitation, used at once, set one credential', async () => {
    const { links, person, messages } = await openLinks(open)
    const { id } = await person('invited')
    const { link } = await links.invite(id, operator, { language: 'en' })
    const tokens = [tokenIn(link), mailedToken(messages)]
    const outcomes = await Promise.all(tokens.map((token) => links.redeem(token, factor, goodForm, visit)))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['done', 'expired'])
  })

  it('sets only what may be set through a link, and does not spend the link on anything else', async () => {
    const { links, person, messages, phraseOf } = await openLinks(open)
    const { id } = await person('active')
    await links.request('ana@example.com', asked)
    const token = mailedToken(messages)
    for (const other of ['device', 'unknown', ''])
      expect(await links.redeem(token, other, goodForm, visit)).toEqual({ status: 'expired' })
    expect(await phraseOf(id)).toBeUndefined()
    expect((await links.redeem(token, factor, goodForm, visit)).status).toBe('done')
  })

  it('wins over a change that came in the same moment, and says so when it cannot', async () => {
    const { links, person, messages, phraseOf, conflicts, ended } = await openLinks(open)
    const { id } = await person('active')
    await links.request('ana@example.com', asked)
    conflicts.push('once')
    expect((await links.redeem(mailedToken(messages), factor, goodForm, visit)).status).toBe('done')
    expect(await phraseOf(id)).toBe('a new phrase')
    await links.request('ana@example.com', asked)
    ended.length = 0
    conflicts.push(1, 2, 3, 4)
    expect((await links.redeem(mailedToken(messages), factor, { phrase: 'other' }, visit)).status).toBe(
      'expired',
    )
    expect(await phraseOf(id)).toBe('a new phrase')
    expect(ended).toEqual([])
  })

  it('a newer recovery link voids the older one', async () => {
    const { links, person, messages } = await openLinks(open)
    await person('active')
    await links.request('ana@example.com', asked)
    const older = mailedToken(messages)
    await links.request('ana@example.com', asked)
    expect(await links.peek(older)).toBeUndefined()
    expect(await links.peek(mailedToken(messages))).toBeDefined()
  })

  it('S39: a link stops working when its identity is suspended or deleted', async () => {
    const { links, person, messages, identities, phraseOf } = await openLinks(open)
    const { id } = await person('active')
    await links.request('ana@example.com', asked)
    const token = mailedToken(messages)
    await identities.suspend(id, operator)
    expect(await links.peek(token)).toBeUndefined()
    expect(await links.redeem(token, factor, goodForm, visit)).toEqual({ status: 'expired' })
    await identities.remove(id, operator)
    expect(await links.redeem(token, factor, goodForm, visit)).toEqual({ status: 'expired' })
    expect(await phraseOf(id)).toBeUndefined()
  })

  it('a crash after the link is spent leaves the old credential, and another link can be asked for', async () => {
    const { links, person, messages, store, clock, phraseOf } = await openLinks(open)
    const { id } = await person('active')
    await links.request('ana@example.com', asked)
    const token = mailedToken(messages)
    const killed = linksOn(failing(store, 'credentials.put'), clock.now)
    await expect(killed.links.redeem(token, factor, goodForm, visit)).rejects.toThrow('killed')
    expect(await phraseOf(id)).toBeUndefined()
    expect(await links.redeem(token, factor, goodForm, visit)).toEqual({ status: 'expired' })
    await links.request('ana@example.com', asked)
    expect((await links.redeem(mailedToken(messages), factor, goodForm, visit)).status).toBe('done')
  })

  it('S32: forgotten asks the store for the same things, and sends one message, whether or not anybody is there', async () => {
    const { person, store, clock, identities } = await openLinks(open)
    const invited = await person('invited', 'invited@example.com')
    await person('active', 'ana@example.com', true)
    await identities.create(
      { identifiers: [{ kind: 'username', written: 'nomail' }], state: 'active' },
      operator,
    )
    const work = async (text: string) => {
      const notes: string[] = []
      const { links, messages } = linksOn(noting(store, notes), clock.now)
      await links.request('warm@example.com', asked)
      notes.length = 0
      messages.length = 0
      await links.request(text, asked)
      return { notes, messages }
    }
    const known = await work('ana@example.com')
    expect(known.messages.map(({ template }) => template)).toEqual(['recovery-link'])
    for (const text of [
      'nobody@example.com',
      'invited@example.com',
      'nomail',
      'nobody',
      '+491701234567',
      '',
      'x'.repeat(100_000),
      '\u0000',
      '<>@',
    ])
      expect({ text, ...(await work(text)) }).toMatchObject({
        notes: known.notes,
        messages: [{ template: 'recovery-nothing' }],
      })
    expect((await identities.get(invited.id))?.state).toBe('invited')
  })

  it('sends nothing to a number or name that nobody has', async () => {
    const { links, messages } = await openLinks(open)
    await links.request('+491701234567', asked)
    await links.request('nobody', asked)
    expect(messages.map(({ to }) => to)).toEqual([
      { kind: 'username', value: '', written: '' },
      { kind: 'username', value: '', written: '' },
    ])
  })

  it('a link that was written for nobody opens nothing', async () => {
    const { links, store } = await openLinks(open)
    await links.request('nobody@example.com', asked)
    const { items } = await store.links.page({ limit: 10 })
    expect(items).toHaveLength(1)
    expect(await store.identities.get(items[0]?.identityId ?? '')).toBeUndefined()
  })

  it('writes to a proved address that was typed, never to one that merely looks like it', async () => {
    const { links, messages, identities } = await openLinks(open)
    const identifiers = [
      { kind: 'email', written: 'first@example.com', verified: true },
      { kind: 'email', written: 'second@example.com', verified: true },
      { kind: 'email', written: 'unproved@example.com' },
      { kind: 'username', written: 'ana' },
    ] as const
    await identities.create({ identifiers, state: 'active' }, operator)
    for (const text of ['second@example.com', 'unproved@example.com', 'ana', 'ｓecond@example.com'])
      await links.request(text, asked)
    expect(messages.map(({ to }) => to.written)).toEqual([
      'second@example.com',
      'first@example.com',
      'first@example.com',
      'second@example.com',
    ])
  })

  it('S26: one mailbox gets three links at once and no more, and the last one stays good', async () => {
    const { links, person, messages } = await openLinks(open)
    await person('active')
    const delivered = () => messages.filter(({ to }) => to.kind === 'email')
    for (let count = 0; count < 10; count += 1) await links.request('ana@example.com', asked)
    expect(delivered()).toHaveLength(3)
    expect(await links.peek(mailedToken(messages))).toBeDefined()
    for (let count = 0; count < 10; count += 1) await links.request('nobody@example.com', asked)
    expect(delivered()).toHaveLength(6)
    expect(messages).toHaveLength(20)
  })

  it('S42: neither the store nor the audit holds a token', async () => {
    const { links, person, messages, store } = await openLinks(open)
    const { id } = await person('invited')
    const { link } = await links.invite(id, operator, { language: 'en' })
    const tokens = [tokenIn(link), mailedToken(messages)]
    await links.redeem(tokens[0] ?? '', factor, goodForm, visit)
    await links.request('ana@example.com', asked)
    tokens.push(mailedToken(messages))
    const pages = await Promise.all(
      [store.links, store.audit, store.identities].map((one) => one.page({ limit: 100 })),
    )
    const raw = JSON.stringify(pages)
    expect(new Set(tokens).size).toBe(3)
    for (const token of tokens) expect(raw).not.toContain(token)
    expect(raw).not.toContain(goodForm.phrase)
  })
})
