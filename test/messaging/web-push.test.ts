import { createECDH } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { day, minute, second } from '../../src/domain/time.ts'
import { createGuardedFetch } from '../../src/messaging/guarded-fetch.ts'
import { createWebPush, noticeKind, webPushKind, webPushLimits } from '../../src/messaging/web-push.ts'
import type { GuardedFetch } from '../../src/ports/outbound.ts'
import type { Store } from '../../src/ports/store.ts'
import { type PushService, startPushService } from '../support/push-service.ts'
import { eachStore } from '../support/stores.ts'
import { createRig } from './rig.ts'

let service: PushService
beforeAll(async () => {
  service = await startPushService()
})
afterAll(() => service.close())
beforeEach(() => {
  service.delivered.length = 0
  service.refused.length = 0
})

const allowing = (allow: string[]) => createGuardedFetch({ timeout: 20_000, max_bytes: 4_096, allow })
const patience = { timeout: 20_000 }

eachStore((_, open) => {
  async function town(
    more: { contact?: string | null; fetch?: GuardedFetch; store?: Store; notices?: number } = {},
  ) {
    const rig = createRig(more.store ?? (await open()))
    const queue = rig.queue({
      [webPushKind]: { queue: 100, ...webPushLimits, firstPause: 10 },
      [noticeKind]: { queue: more.notices ?? 100, firstPause: 10 },
    })
    const gone: [string, string][] = []
    const waker = createWebPush({
      ...rig,
      clock: rig.clock.now,
      queue,
      store: rig.store.settings,
      fetch: more.fetch ?? allowing(['localhost']),
      issuer: 'https://id.example.com',
      contact: more.contact ?? null,
      gone: async (...what) => void gone.push(what),
    })
    queue.start()
    return { ...rig, waker, gone, queue, in: (pause: number) => rig.clock.now() + pause }
  }

  const idle = ({ rows }: Awaited<ReturnType<typeof town>>) =>
    expect
      .poll(
        async () =>
          (await rows()).filter(({ id, failedAt }) => failedAt === undefined && !id.startsWith('name:'))
            .length,
        patience,
      )
      .toBe(0)

  describe('a phone', () => {
    it('is woken as RFC 8030, 8291 and 8292 say, with a message that says nothing', async () => {
      const world = await town()
      const subscription = service.subscribe(await world.waker.publicKey())
      await world.waker.wake(subscription, 'phone-1', world.in(90 * second))
      await expect.poll(() => service.delivered, patience).toHaveLength(1)
      expect(service.refused).toEqual([])
      expect(service.delivered[0]).toEqual({
        endpoint: subscription.endpoint,
        text: '{}',
        ttl: 90,
        urgency: 'high',
        topic: 'sign-in',
        contact: 'https://id.example.com',
      })
      await world.stop()
    })

    it('names whom to write to, if somebody is configured', async () => {
      const world = await town({ contact: 'mailto:operator@example.com' })
      await world.waker.wake(service.subscribe(await world.waker.publicKey()), 'phone-1', world.in(minute))
      await expect.poll(() => service.delivered[0]?.contact, patience).toBe('mailto:operator@example.com')
      await world.stop()
    })

    it('is woken again when the service was busy or broken, until it is too late', async () => {
      const world = await town()
      const subscription = service.subscribe(await world.waker.publicKey())
      service.answerNext(429, 500, 503)
      await world.waker.wake(subscription, 'phone-1', world.in(minute))
      await expect
        .poll(() => {
          world.clock.advance(100)
          return service.delivered.length
        }, patience)
        .toBe(1)
      const before = service.requests
      await world.waker.wake(subscription, 'phone-1', world.in(-1))
      await idle(world)
      expect(service.requests).toBe(before)
      await world.stop()
    })

    it('is told once that there is news, apart from requests and for longer; what is sent says nothing of what', async () => {
      const world = await town()
      const subscription = service.subscribe(await world.waker.publicKey())
      const notice = { once: 'news 1', until: world.in(7 * day) }
      service.answerNext(503)
      await world.waker.notify(subscription, 'phone-1', notice)
      await expect
        .poll(() => {
          world.clock.advance(100)
          return service.delivered.length
        }, patience)
        .toBe(1)
      expect(service.delivered[0]).toMatchObject({ text: '{"of":"account"}', topic: 'account' })
      expect(service.delivered[0]?.ttl).toBeGreaterThan((6 * day) / second)
      await world.waker.notify(subscription, 'phone-1', notice)
      await world.waker.notify(subscription, 'phone-1', { ...notice, once: 'old news', until: world.in(-1) })
      await idle(world)
      expect(service.delivered).toHaveLength(1)
      service.gone(subscription.endpoint)
      await world.waker.notify(subscription, 'phone-1', { ...notice, once: 'news 2' })
      await idle(world)
      expect(world.gone).toEqual([['phone-1', subscription.endpoint]])
      await world.stop()
    })

    it('keeps nothing else from being told where the queue is full', async () => {
      const world = await town({ notices: 0 })
      const subscription = service.subscribe(await world.waker.publicKey())
      await world.waker.notify(subscription, 'phone-1', { once: 'news', until: world.in(day) })
      await idle(world)
      expect(service.delivered).toHaveLength(0)
      await world.stop()
    })

    it('whose address leads nowhere any more is named once, and no longer tried', async () => {
      const world = await town()
      const [left, missing] = [0, 1].map(() => service.subscribe('x'))
      if (left === undefined || missing === undefined) throw new Error('no subscriptions')
      service.gone(left.endpoint)
      await world.waker.wake(left, 'phone-1', world.in(minute))
      await idle(world)
      service.answerNext(404)
      await world.waker.wake(missing, 'phone-2', world.in(minute))
      await idle(world)
      expect(world.gone).toEqual([
        ['phone-1', left.endpoint],
        ['phone-2', missing.endpoint],
      ])
      await world.stop()
    })

    it('is not tried again where the service does not want us', async () => {
      const world = await town()
      service.answerNext(403)
      const before = service.requests
      await world.waker.wake(service.subscribe(await world.waker.publicKey()), 'phone-1', world.in(minute))
      await idle(world)
      expect([service.requests - before, world.gone]).toEqual([1, []])
      expect(world.log.lines.join('\n')).toContain('403')
      await world.stop()
    })

    it('S22: cannot send us into our own network: its address is reached through the guarded way out', async () => {
      const world = await town({ fetch: allowing([]) })
      const subscription = service.subscribe(await world.waker.publicKey())
      const before = service.requests
      const port = new URL(service.origin).port
      const key = createECDH('prime256v1').generateKeys('base64url')
      for (const endpoint of [
        subscription.endpoint,
        `https://127.0.0.1:${port}/`,
        `https://[::1]:${port}/`,
        'https://169.254.169.254/latest/meta-data',
        'http://push.example.net/',
      ])
        await world.waker.wake(
          { endpoint, p256dh: key, auth: subscription.auth },
          'phone-1',
          world.in(minute),
        )
      await expect
        .poll(() => world.log.lines.filter((line) => line.includes('job failed')).length, patience)
        .toBe(5)
      expect(service.requests).toBe(before)
      expect(world.log.lines.join('\n')).not.toContain('latest/meta-data')
      await world.stop()
    })

    it('S24: all processes sign with one key, which lies sealed in the store', async () => {
      const one = await town()
      const other = createWebPush({
        ...one,
        clock: one.clock.now,
        store: one.store.settings,
        fetch: allowing([]),
        issuer: 'https://id.example.com',
        contact: null,
        gone: async () => {},
      })
      const keys = await Promise.all([one.waker, other, one.waker, other].map((waker) => waker.publicKey()))
      expect(new Set(keys).size).toBe(1)
      expect(Buffer.from(keys[0] ?? '', 'base64url')).toHaveLength(65)
      expect(JSON.stringify(await one.store.settings.page({ limit: 10 }))).not.toContain(keys[0])
      await one.stop()
    })
  })
})
