/**
 * Wakes browsers through the push service that each of them named (RFC 8030): a job of the durable queue, the payload encrypted for the one browser
 * (RFC 8291), the request signed with a key of ours (RFC 8292). The address comes from a browser: it is reached through the guarded way out and no other.
 * What is sent says nothing but which of two sentences wakes somebody: who is asked and what for is looked up by the app.
 */
import { type Duration, day, type Instant, second } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { Logger } from '../ports/logger.ts'
import type { GuardedFetch } from '../ports/outbound.ts'
import type { Collection } from '../ports/storage.ts'
import type { Setting } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import type { Subscription, Waker } from '../ports/waker.ts'
import type { KindLimits } from './outbox.ts'

export interface WebPushTools {
  readonly queue: JobQueue
  readonly fetch: GuardedFetch
  readonly store: Collection<Setting>
  readonly vault: Vault
  readonly clock: Clock
  readonly log: Logger
  readonly issuer: string
  /** Whom a push service may write to, as `mailto:` or https; null: the issuer. */
  readonly contact: string | null
  /** Nobody is at this address any more (404 or 410, RFC 8030 7.3). */
  gone(owner: string, endpoint: string): Promise<void>
}

interface Wake {
  readonly subscription: Subscription
  readonly owner: string
  readonly until: Instant
}

interface KeyPair {
  readonly publicKey: string
  readonly privateKey: string
}

/** What is sent, and what push services tell messages apart by (RFC 8030 5.4): a newer one takes the place of one that was not delivered yet. */
interface Kind {
  readonly text: string
  readonly topic: string
}

export const webPushKind = 'web-push'
/** Of notices: nobody waits for them. */
export const noticeKind = 'web-push-notice'
/** What comes after the request has expired wakes somebody for nothing. */
export const webPushLimits: Partial<KindLimits> = {
  tries: 6,
  firstPause: second,
  longestPause: 30 * second,
  atOnce: 20,
}

const question: Kind = { text: '{}', topic: 'sign-in' }
const notice: Kind = { text: '{"of":"account"}', topic: 'account' }
/** As long as push services keep something at all. */
const longestLife: Duration = 28 * day
const settingId = 'web-push-key'
const purpose = 'web-push-key'
/** Too many requests, or their fault: the next try may help (RFC 8030 8.4). */
const passing = (status: number) => status === 429 || status >= 500

/** Registers itself with the queue. */
export function createWebPush(tools: WebPushTools): Waker {
  const { queue, store, vault, log } = tools
  let loading: Promise<KeyPair> | undefined
  // Made at first use: many servers never wake anybody.
  const keys = () => {
    loading ??= keyPair(store, vault)
    loading.catch(() => {
      loading = undefined
    })
    return loading
  }
  queue.handle<Wake>(webPushKind, (wake) => send(tools, keys, wake, question))
  queue.handle<Wake>(noticeKind, (wake) => send(tools, keys, wake, notice))
  return {
    publicKey: async () => (await keys()).publicKey,
    async wake(subscription, owner, until) {
      if (!(await queue.add(webPushKind, { subscription, owner, until } satisfies Wake)))
        log.warn({ kind: webPushKind }, 'queue full: a device is not woken, its app still finds the request')
    },
    async notify(subscription, owner, { once, until }) {
      const wake: Wake = { subscription, owner, until }
      if (!(await queue.add(noticeKind, wake, { id: `${once} ${owner}` })))
        log.warn({ kind: noticeKind }, 'queue full: a device is not woken, its app still finds the notice')
    },
  }
}

/** Of any number of processes one makes it. */
async function keyPair(store: Collection<Setting>, vault: Vault): Promise<KeyPair> {
  const stored = await store.get(settingId)
  if (stored !== undefined) return JSON.parse(vault.open(purpose, stored.value, settingId))
  const { generateVAPIDKeys } = await library()
  const value = vault.seal(purpose, JSON.stringify(generateVAPIDKeys()), settingId)
  await store.insert({ id: settingId, value })
  return keyPair(store, vault)
}

async function send(
  { fetch, clock, log, issuer, contact, gone }: WebPushTools,
  keys: () => Promise<KeyPair>,
  { subscription, owner, until }: Wake,
  { text, topic }: Kind,
): Promise<'given-up' | undefined> {
  const left = until - clock()
  if (left <= 0) return undefined
  const { endpoint, p256dh, auth } = subscription
  const { generateRequestDetails } = await library()
  const request = generateRequestDetails({ endpoint, keys: { p256dh, auth } }, text, {
    vapidDetails: { subject: contact ?? subjectOf(issuer), ...(await keys()) },
    TTL: Math.ceil(Math.min(left, longestLife) / second),
    urgency: 'high',
    topic,
  })
  const { 'Content-Length': _length, ...headers } = request.headers as Record<string, string>
  const { status, body } = await fetch(endpoint, { method: 'POST', headers, body: request.body as never })
  await body?.cancel()
  if (status < 300) return undefined
  if (passing(status)) throw new Error(`the push service answers ${status}`)
  if (status === 404 || status === 410) await gone(owner, endpoint)
  else log.warn({ kind: webPushKind, status }, 'a push service does not take our requests')
  return status === 404 || status === 410 ? undefined : 'given-up'
}

/** Push services want https or mailto (RFC 8292 2.1); an issuer without https is somebody's own machine. */
function subjectOf(issuer: string): string {
  const { protocol, hostname } = new URL(issuer)
  return protocol === 'https:' ? issuer : `mailto:nobody@${hostname}`
}

/** Loaded when a browser is woken for the first time. */
async function library() {
  const { default: library } = await import('web-push')
  return library
}
