import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { issuer, operator, parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { asked, factor, goodForm, mailedToken, openLinks, tokenIn, visit } from './link-world.ts'

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
})
