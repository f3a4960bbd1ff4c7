import { timingSafeEqual } from 'node:crypto'
import type { Credential } from '../domain/credential.ts'
import { type Identifier, masked } from '../domain/identifier.ts'
import { createCode, normalisedCode } from '../domain/one-time-code.ts'
import { readerAt } from '../domain/reader.ts'
import { type Duration, type Instant, minute, second } from '../domain/time.ts'
import type { Context, Form, Shown, Verdict } from '../ports/factor.ts'
import type { SendBudget, SendLimit } from '../ports/send-budget.ts'
import { destinationOf, nowhere, recipientOf, visitValues } from './sent-message.ts'

export interface SentCodeSettings {
  readonly enabled: boolean
  readonly digits: number
  readonly lifetime: Duration
  /** How many answers to one code are looked at. */
  readonly tries: number
}

export interface SentCodeTools {
  readonly budget: SendBudget
  readonly settings: SentCodeSettings
  /** What one message to this recipient is charged to. */
  readonly limits: (recipient: string) => readonly SendLimit[]
}

/** What is kept of the code: a keyed hash. */
export interface SentCode {
  readonly code: string
  /** Before that, asking again sends nothing new. */
  readonly againAt: Instant
}

const pause: Duration = 30 * second

/**
 * A short code that is sent to a proved address or number; the channel makes it a factor of its own (email-code.ts, sms-code.ts).
 * For nobody, too early or over budget the same work is done and the same page shown, and nothing goes out (S32).
 */
export function sentCode({ budget, settings, limits }: SentCodeTools) {
  const { digits, lifetime, tries } = settings

  async function begin(
    context: Context,
    [credential]: readonly Credential<Identifier>[],
    running?: SentCode,
  ): Promise<{ challenge: SentCode; show: Shown }> {
    const to = destinationOf(context, credential)
    const show = (againAt: Instant) =>
      context.first || to === undefined ? { againAt } : { againAt, to: masked(to) }
    if (running !== undefined && running.againAt > context.now)
      return { challenge: running, show: show(running.againAt) }
    const affordable = await budget.spend(limits(recipientOf(context, to)))
    const code = createCode(context.random, digits)
    const reachable = affordable ? to : undefined
    await context.send({
      template: 'factor-code',
      ...readerAt(reachable ?? nowhere, context.identity, context),
      values: { ...visitValues(context), code, minutes: lifetime / minute },
    })
    const againAt = context.now + pause
    // Over budget: the code that was sent last stays good.
    if (!affordable && running !== undefined) return { challenge: running, show: show(againAt) }
    const known = reachable === undefined ? context.random(16) : code
    return { challenge: { code: context.mac(known), againAt }, show: show(againAt) }
  }

  async function verify(
    { mac }: Context,
    _credential: Credential<Identifier>,
    challenge: SentCode | undefined,
    form: Form,
  ): Promise<Verdict<Identifier>> {
    const typed = mac(normalisedCode(form.code ?? ''))
    return challenge !== undefined && same(typed, challenge.code)
      ? { status: 'proved' }
      : { status: 'refused' }
  }

  return { begin, verify, challengeLifetime: lifetime, challengeTries: tries }
}

/** Two keyed hashes, in constant time. */
function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
