import { expect, it } from 'vitest'
import { failing, noting, operator } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { asked, factor, goodForm, linksOn, mailedToken, openLinks, tokenIn, visit } from './link-world.ts'

eachStore((_, open) => {
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
