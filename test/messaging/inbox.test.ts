import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createInbox } from '../../src/messaging/inbox.ts'
import { createVault, random } from '../../src/vault/vault.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'

const vault = createVault(Buffer.alloc(32, 7))

function mail(to: string, code: string, channel: 'email' | 'sms' = 'email') {
  return {
    id: 'x',
    channel,
    to,
    subject: 'Your code',
    text: `code ${code}`,
    html: `<p>${code}</p>`,
    links: [],
    codes: [code],
  }
}

eachStore((_name, open) => {
  async function rig() {
    const clock = createClock()
    const store = await open(clock.now)
    const inbox = () => createInbox({ store: store.inbox, vault, clock: clock.now, random })
    return { clock, store, inbox }
  }

  test('what was delivered is shown newest first, with every field', async () => {
    const { inbox, clock } = await rig()
    const box = inbox()
    await box.deliver(mail('ana@example.com', '111111'))
    await box.deliver(mail('+491', '222222', 'sms'))
    const messages = await box.messages({})
    expect(messages.map(({ codes }) => codes[0])).toEqual(['222222', '111111'])
    expect(messages[1]).toEqual({
      id: expect.any(String),
      channel: 'email',
      to: 'ana@example.com',
      subject: 'Your code',
      text: 'code 111111',
      html: '<p>111111</p>',
      links: [],
      codes: ['111111'],
      at: clock.now(),
    })
  })

  test('S42: the store does not show what a message says', async () => {
    const { inbox, store } = await rig()
    await inbox().deliver(mail('ana@example.com', '483920'))
    expect(JSON.stringify(await store.inbox.page({ limit: 10 }))).not.toContain('483920')
  })

  test('messages are found by address, whatever its case, and by channel', async () => {
    const { inbox } = await rig()
    const box = inbox()
    await box.deliver(mail('Ana@Example.com', '1'))
    await box.deliver(mail('ben@example.com', '2'))
    await box.deliver(mail('+491', '3', 'sms'))
    const codes = async (query: Parameters<typeof box.messages>[0]) =>
      (await box.messages(query)).map((message) => message.codes[0])
    expect(await codes({ to: 'ana@example.com' })).toEqual(['1'])
    expect(await codes({ channel: 'sms' })).toEqual(['3'])
    expect(await codes({ to: 'ben@example.com', channel: 'sms' })).toEqual([])
  })

  test('`after` takes the id of the last message seen, a moment in milliseconds or ISO 8601', async () => {
    const { inbox, clock } = await rig()
    const box = inbox()
    await box.deliver(mail('a@x.yz', '1'))
    await box.deliver(mail('a@x.yz', '2'))
    clock.advance(1_000)
    const moment = clock.now()
    await box.deliver(mail('a@x.yz', '3'))
    const codes = async (after: string) => (await box.messages({ after })).map((message) => message.codes[0])
    const seen = await box.messages({})
    expect(await codes(seen[2]?.id ?? '')).toEqual(['3', '2'])
    expect(await codes(seen[0]?.id ?? '')).toEqual([])
    expect(await codes(String(moment))).toEqual(['3'])
    expect(await codes(new Date(moment).toISOString())).toEqual(['3'])
    expect(await codes(String(moment + 1))).toEqual([])
  })

  test('ids rise even when the clock is set back', async () => {
    const { inbox, clock } = await rig()
    const box = inbox()
    await box.deliver(mail('a@x.yz', '1'))
    clock.advance(-60_000)
    await box.deliver(mail('a@x.yz', '2'))
    const [newest, oldest] = await box.messages({})
    expect(newest?.codes).toEqual(['2'])
    expect((newest?.id ?? '') > (oldest?.id ?? '')).toBe(true)
  })

  test('a waiting reader gets the message that another process delivers', async () => {
    const { inbox } = await rig()
    const waiting = inbox().messages({ to: 'ana@example.com', waitMs: 10_000 })
    await sleep(30)
    const other = inbox()
    await other.deliver(mail('ben@example.com', '1'))
    await other.deliver(mail('ana@example.com', '2'))
    expect((await waiting).map(({ codes }) => codes[0])).toEqual(['2'])
  })

  test('a reader who waits in vain, or leaves, gets nothing', async () => {
    const { inbox } = await rig()
    expect(await inbox().messages({ waitMs: 50 })).toEqual([])
    expect(await inbox().messages({ waitMs: 30_000, signal: AbortSignal.timeout(20) })).toEqual([])
  })

  test('the last 500 messages are kept', async () => {
    const { inbox, store } = await rig()
    const box = inbox()
    for (let index = 0; index < 551; index++) await box.deliver(mail('a@x.yz', String(index)))
    const messages = await box.messages({})
    expect(messages).toHaveLength(500)
    expect(messages[0]?.codes).toEqual(['550'])
    expect(await store.inbox.count()).toBe(500)
  })
})
