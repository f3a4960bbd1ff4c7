/**
 * What leaves Signet on its own account: mail and SMS through the outbox (outbox.ts, which also does other people's jobs), their words
 * (templates.ts) and carriers (smtp.ts, in development inbox.ts), and the guarded way out for fetches (guarded-fetch.ts).
 * Who is told what, and when, is decided by the services.
 */
import { Problem } from '../domain/problem.ts'
import { type Duration, type Instant, minute } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { Logger } from '../ports/logger.ts'
import type { Message, Messenger, ObjectionLinks } from '../ports/messenger.ts'
import type { Deliver } from './delivery.ts'
import type { Templates } from './templates.ts'

export interface MessengerDeps {
  readonly queue: JobQueue
  readonly templates: Templates
  /** Who brings what. A message without a carrier is logged and dropped. */
  readonly carriers: { readonly email?: Deliver; readonly sms?: Deliver }
  /** Makes the link "this wasn't me" for mails that are about something. */
  readonly objections?: ObjectionLinks
  /** Nothing overtakes: whoever reads the inbox takes the newest message for the one that was sent last. */
  readonly inOrder?: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

type Channel = 'email' | 'sms'

/** What lies in the queue: not yet rendered, so that a sender spends the same time on every message. */
interface Queued {
  readonly message: Message
  readonly id: string
  readonly at: Instant
}

/** Kinds of jobs, for the queue's limits. */
export const jobKinds: Readonly<Record<Channel, string>> = { email: 'mail', sms: 'sms' }

/** Where thousands are told something at once, whoever waits for a code gets it all the same: it overtakes what has waited for less long than it is valid. */
const mostAhead: Duration = 15 * minute

function aheadOf({ values: { minutes = 0 } }: Message): Duration {
  return Math.min(mostAhead, Number(minutes) * minute)
}

/** Whoever causes a message is answered before it is brought on its way; when exactly nobody can tell from later answers either. */
function someTime(random: Random): Duration {
  return 50 + Buffer.from(random(1), 'base64url').readUInt8()
}

/** Registers itself with the queue; messages go out once that was started, in this process or another one. */
export function createMessenger(deps: MessengerDeps): Messenger {
  const { queue, clock, random, log, inOrder = false } = deps
  for (const channel of ['email', 'sms'] as const) {
    queue.handle<Queued>(jobKinds[channel], (queued) => deliver(deps, channel, queued))
  }
  return {
    async send(message) {
      const kind = jobKinds[message.to.kind === 'phone' ? 'sms' : 'email']
      const queued: Queued = { message, id: random(16), at: clock() }
      const { once, needed } = message
      const dueAt = inOrder ? queued.at : queued.at - aheadOf(message)
      const options = { after: someTime(random), dueAt, ...(once === undefined ? {} : { id: once }) }
      if (await queue.add(kind, queued, options)) return
      if (needed === true) throw new Problem('busy', { retryAfter: 60 })
      // A person's sign-in does not fail because mail does; a full queue has been in the log for hours.
      log.error({ kind, template: message.template }, 'queue full, message lost')
    },
  }
}

async function deliver(
  deps: MessengerDeps,
  channel: Channel,
  queued: Queued,
): Promise<'given-up' | undefined> {
  const { templates, carriers, log, clock } = deps
  const { message, id, at } = queued
  const about = { channel, template: message.template, message: id }
  const carry = message.to.kind === 'username' ? undefined : carriers[channel]
  if (carry === undefined) {
    log.warn(about, 'message dropped: nobody carries it')
    return undefined
  }
  if (clock() > at + Number(message.values.minutes ?? Number.POSITIVE_INFINITY) * minute) {
    log.warn(about, 'message dropped: what it holds has expired meanwhile')
    return undefined
  }
  const objection = channel === 'email' ? await deps.objections?.linkFor(message, id, at) : undefined
  return carry({ id, channel, to: message.to.written, ...templates.render(message, objection) })
}
