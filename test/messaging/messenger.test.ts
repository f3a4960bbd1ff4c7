import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { createInbox } from '../../src/messaging/inbox.ts'
import { createMessenger, type MessengerDeps } from '../../src/messaging/index.ts'
import { createSmtpDelivery } from '../../src/messaging/smtp.ts'
import { createTemplates } from '../../src/messaging/templates.ts'
import type { Message } from '../../src/ports/messenger.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { startMailServer, stopMailServers } from './mail-server.ts'
import { createRig } from './rig.ts'

const ends: (() => unknown)[] = []
const patience = { timeout: 30_000, interval: 10 }
const templates = createTemplates({
  issuer: 'http://localhost:3000',
  brand: { name: 'Signet', support_url: null },
  languages: ['en', 'de'],
})

function code(change: Partial<Message> = {}): Message {
  const to = { kind: 'email', written: 'ana@example.com' } as const
  return { template: 'factor-code', to, language: 'en', values: { code: '483920', minutes: 10 }, ...change }
}

eachStore((_name, open) => {
  async function rigWith(carriersOf: (rig: ReturnType<typeof createRig>) => MessengerDeps['carriers']) {
    const clock = createClock()
    const store = await open(clock.now)
    const rig = createRig(store, clock)
    ends.push(() => rig.stop())
    const queue = rig.queue({ mail: { queue: 3, firstPause: 1_000, longestPause: 1_000 } })
    const { random, log } = rig
    const messenger = createMessenger({
      queue,
      templates,
      carriers: carriersOf(rig),
      clock: clock.now,
      random,
      log,
    })
    return { ...rig, queue, messenger }
  }

  /** Nobody gives up here because the machine is busy: nothing would move the clock on to the next try. */
  function smtpTo(port: number, patient = 20_000) {
    const settings = { url: `smtp://127.0.0.1:${port}`, from: 'no-reply@example.com', require_tls: false }
    const smtp = createSmtpDelivery(settings, { connection: patient, silence: patient })
    ends.unshift(() => smtp.close())
    return { email: smtp.deliver }
  }

  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
    await stopMailServers()
  })

  test('a message goes out over SMTP as soon as it is sent', async () => {
    const server = await startMailServer()
    const { queue, messenger, rows } = await rigWith(() => smtpTo(server.port))
    queue.start()
    await messenger.send(code())
    await vi.waitFor(() => expect(server.mails).toHaveLength(1), patience)
    expect(server.mails[0]).toContain('483920')
    await vi.waitFor(async () => expect(await rows()).toEqual([]), patience)
  })

  test('of messages of one name one goes out, whoever sends them; without a name, or with another, each', async () => {
    const carried: string[] = []
    const carriers = { email: async ({ text }: { text: string }) => void carried.push(text) }
    const { queue, messenger } = await rigWith(() => carriers)
    await messenger.send(code({ once: 'one' }))
    await messenger.send(code({ once: 'one' }))
    queue.start()
    await vi.waitFor(() => expect(carried).toHaveLength(1), patience)
    await messenger.send(code({ once: 'one' }))
    await messenger.send(code({ once: 'two' }))
    await messenger.send(code())
    await vi.waitFor(() => expect(carried).toHaveLength(3), patience)
    await sleep(500)
    expect(carried).toHaveLength(3)
  })

  test('a code overtakes what can wait, but nothing that waited for longer than it is valid', async () => {
    const carried: string[] = []
    const carriers = { email: async ({ to }: { to: string }) => void carried.push(to) }
    const { queue, messenger, clock } = await rigWith(() => carriers)
    const to = (name: string) => ({ kind: 'email', written: `${name}@example.com` }) as const
    const news = (name: string) => code({ template: 'recovery-ready', to: to(name), values: {} })
    await messenger.send(news('early'))
    clock.advance(11 * 60_000)
    await messenger.send(news('late'))
    await messenger.send(code({ to: to('waits') }))
    queue.start()
    await vi.waitFor(() => expect(carried).toHaveLength(3), patience)
    expect(carried).toEqual(['early@example.com', 'waits@example.com', 'late@example.com'])
  })

  test('mail and SMS are caught by the inbox in development', async () => {
    const inboxes: ReturnType<typeof createInbox>[] = []
    const { queue, messenger } = await rigWith(({ store, vault, clock, random }) => {
      const inbox = createInbox({ store: store.inbox, vault, clock: clock.now, random })
      inboxes.push(inbox)
      return { email: inbox.deliver, sms: inbox.deliver }
    })
    queue.start()
    await messenger.send(code({ language: 'de' }))
    await messenger.send(code({ to: { kind: 'phone', written: '+4915112345678' } }))
    const [inbox] = inboxes
    const find = async (channel: 'email' | 'sms') => (await inbox?.messages({ channel, waitMs: 5_000 }))?.[0]
    expect(await find('email')).toMatchObject({
      to: 'ana@example.com',
      subject: 'Ihr Code',
      codes: ['483920'],
    })
    expect(await find('sms')).toMatchObject({ to: '+4915112345678', subject: 'Your code', html: '' })
  })

  test('F12: while the mail server is down or slow, sending is unaffected; the mail is kept and delivered when it is back', async () => {
    const server = await startMailServer()
    const { queue, messenger, rows, clock } = await rigWith(() => smtpTo(server.port, 2_000))
    await server.close()
    queue.start()
    await messenger.send(code())
    await vi.waitFor(
      async () => expect(await rows('mail:')).toMatchObject([{ tries: 1, leasedUntil: 0 }]),
      patience,
    )

    const slow = await startMailServer({ onConnect: () => {} }, server.port)
    clock.advance(1_000)
    await vi.waitFor(
      async () => expect(await rows('mail:')).toMatchObject([{ tries: 2, leasedUntil: 0 }]),
      patience,
    )
    await slow.close()

    const back = await startMailServer({}, server.port)
    clock.advance(1_000)
    await vi.waitFor(() => expect(back.mails).toHaveLength(1), patience)
    await vi.waitFor(async () => expect(await rows()).toEqual([]), patience)
    expect(back.mails[0]).toContain('483920')
  })

  test('F12: a mail that waited in the store is delivered by the next process', async () => {
    const server = await startMailServer()
    const { messenger, queue, rows } = await rigWith(() => smtpTo(server.port))
    await messenger.send(code())
    expect(await rows('mail:')).toHaveLength(1)
    expect(server.mails).toEqual([])
    queue.start()
    await vi.waitFor(() => expect(server.mails).toHaveLength(1), patience)
  })

  test('S32: sending writes one row and renders nothing, deliverable or not', async () => {
    const render = vi.fn(templates.render)
    const { rows, random, queue, log, clock } = await rigWith(() => ({}))
    const messenger = createMessenger({
      queue,
      templates: { render },
      carriers: {},
      clock: clock.now,
      random,
      log,
    })
    await messenger.send(code())
    await messenger.send(code({ template: 'recovery-nothing', to: { kind: 'username', written: 'ana' } }))
    expect((await rows('mail:')).map(({ tries }) => tries)).toEqual([0, 0])
    expect(render).not.toHaveBeenCalled()
  })

  test('a code that expired while the mail server was down is not delivered any more', async () => {
    const server = await startMailServer()
    const { messenger, queue, rows, clock, log } = await rigWith(() => smtpTo(server.port))
    await messenger.send(code())
    clock.advance(10 * 60_000 + 1)
    queue.start()
    await vi.waitFor(async () => expect(await rows()).toEqual([]), patience)
    expect(server.mails).toEqual([])
    expect(log.lines.join()).toContain('expired meanwhile')
  })

  test('what nobody carries is dropped with a word in the log, and so is what does not fit the queue', async () => {
    const { messenger, queue, rows, log } = await rigWith(() => ({}))
    for (let index = 0; index < 4; index++) await messenger.send(code())
    expect(log.lines).toEqual([expect.stringMatching(/^error queue full, message lost/)])
    queue.start()
    await vi.waitFor(async () => expect(await rows()).toEqual([]), patience)
    expect(log.lines.filter((line) => line.includes('nobody carries it'))).toHaveLength(3)
  })

  test('what nothing may go on without is not lost in a full queue: whoever sends it hears that it could not be taken', async () => {
    const { messenger, rows, log } = await rigWith(() => ({}))
    for (let index = 0; index < 3; index++) await messenger.send(code({ needed: true }))
    await expect(messenger.send(code({ needed: true }))).rejects.toMatchObject({ code: 'busy' })
    expect(await rows('mail:')).toHaveLength(3)
    expect(log.lines).toEqual([])
  })

  test('S42: neither address nor code reaches the log, whatever goes wrong', async () => {
    const server = await startMailServer({
      onRcptTo: ({ address }, _session, callback) => callback(new Error(`<${address}> unknown`)),
    })
    const { messenger, queue, rows, log } = await rigWith(() => smtpTo(server.port))
    queue.start()
    await messenger.send(code())
    await messenger.send(code({ values: { link: 'https://evil.example/483920' } }))
    await vi.waitFor(async () => expect(await rows('dead:')).toHaveLength(1), patience)
    await vi.waitFor(
      async () => expect(await rows('mail:')).toMatchObject([{ tries: 1, leasedUntil: 0 }]),
      patience,
    )
    await sleep(20)
    expect(log.lines.length).toBeGreaterThan(1)
    expect(log.lines.join()).not.toMatch(/ana@|483920/)
  })
})
