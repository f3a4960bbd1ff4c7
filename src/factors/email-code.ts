import type { Identifier } from '../domain/identifier.ts'
import { hour } from '../domain/time.ts'
import type { Factor } from '../ports/factor.ts'
import type { SendBudget } from '../ports/send-budget.ts'
import { type SentCode, type SentCodeSettings, sentCode } from './sent-code.ts'
import { nowhere } from './sent-message.ts'

/** `Config['factors']['email_code']`. */
export interface EmailCodeSettings extends SentCodeSettings {
  /** Messages to one mailbox. */
  readonly per_hour: number
}

export interface EmailCodeTools {
  readonly budget: SendBudget
  readonly settings: EmailCodeSettings
}

/** A code by mail (S28): whoever reads the mailbox. Nobody enrols it; whoever has a proved address has it. */
export function emailCode({ budget, settings }: EmailCodeTools) {
  return {
    ...sentCode({
      budget,
      settings,
      limits: (recipient) => [{ subject: `mail ${recipient}`, most: settings.per_hour, within: hour }],
    }),
    name: 'email-code',
    icon: 'mail',
    categories: ['possession'],
    amr: ['otp'],
    channel: 'email',
    first: true,
    single: true,
    resettable: false,
    lostWith: ['mailbox'],
    implied: 'email',
    decoy: nowhere,
  } satisfies Factor<Identifier, SentCode>
}
