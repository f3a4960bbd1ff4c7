import type { Credential } from '../domain/credential.ts'
import { type Identifier, masked } from '../domain/identifier.ts'
import { readerAt } from '../domain/reader.ts'
import { type Duration, hour, type Instant, minute, second } from '../domain/time.ts'
import type { Context, Factor, Verdict } from '../ports/factor.ts'
import type { SendBudget } from '../ports/send-budget.ts'
import { destinationOf, nowhere, recipientOf, visitValues } from './sent-message.ts'

/** `Config['factors']['magic_link']`. */
export interface MagicLinkSettings {
  readonly enabled: boolean
  readonly lifetime: Duration
  /** Messages to one mailbox, together with those that hold codes. */
  readonly per_hour: number
}

export interface MagicLinkTools {
  readonly budget: SendBudget
  readonly settings: MagicLinkSettings
}

interface Challenge {
  /** Of the question that the link opens. */
  readonly id: string
  readonly number: string
  readonly waitsUntil: Instant
  readonly againAt: Instant
}

const pause: Duration = 30 * second

/**
 * A link by mail (S33): whoever reads the mailbox. Opening it shows a button; in another browser than the one that waits also a field for the
 * number that is shown there. The waiting page then goes on by itself. Nobody enrols it; whoever has a proved address has it.
 */
export function magicLink({ budget, settings: { lifetime, per_hour } }: MagicLinkTools) {
  async function begin(
    context: Context,
    [credential]: readonly Credential<Identifier>[],
    running?: Challenge,
  ) {
    const to = destinationOf(context, credential)
    const asked = (challenge: Challenge, againAt = challenge.againAt) => {
      const { number, waitsUntil } = challenge
      const known = context.first || to === undefined ? {} : { to: masked(to) }
      return { challenge, show: { number, waitsUntil, againAt, ...known } }
    }
    if (running !== undefined && running.againAt > context.now) return asked(running)
    const recipient = recipientOf(context, to)
    const affordable = await budget.spend([{ subject: `mail ${recipient}`, most: per_hour, within: hour }])
    const { id, link, number } = await context.elsewhere.ask(lifetime)
    await context.send({
      template: 'factor-link',
      ...readerAt((affordable ? to : undefined) ?? nowhere, context.identity, context),
      values: { ...visitValues(context), link, minutes: lifetime / minute },
    })
    const againAt = context.now + pause
    // Over budget: the link that was sent last stays good.
    if (!affordable && running !== undefined) return asked(running, againAt)
    return asked({ id, number, waitsUntil: context.now + lifetime, againAt })
  }

  async function verify(
    { elsewhere }: Context,
    _credential: Credential<Identifier>,
    challenge: Challenge | undefined,
  ): Promise<Verdict<Identifier>> {
    const answer = challenge === undefined ? 'waiting' : await elsewhere.collect(challenge.id)
    if (answer === 'waiting') return { status: 'pending' }
    return answer === 'approved' ? { status: 'proved' } : { status: 'refused', reason: 'declined' }
  }

  return {
    name: 'magic-link',
    icon: 'link',
    categories: ['possession'],
    amr: ['otp'],
    channel: 'email',
    first: true,
    single: true,
    resettable: false,
    lostWith: ['mailbox'],
    implied: 'email',
    unguessable: true,
    decoy: nowhere,
    challengeLifetime: lifetime,
    // Nothing is guessed at here: pages that look for the answer at the same moment must not use each other up.
    challengeTries: 100,
    begin,
    verify,
    elsewhere: ({ id }) => id,
  } satisfies Factor<Identifier, Challenge>
}
