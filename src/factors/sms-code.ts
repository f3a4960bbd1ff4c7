import type { Identifier } from '../domain/identifier.ts'
import { day, hour } from '../domain/time.ts'
import type { Factor } from '../ports/factor.ts'
import type { SendBudget } from '../ports/send-budget.ts'
import { type SentCode, type SentCodeSettings, sentCode } from './sent-code.ts'
import { nowhere } from './sent-message.ts'

/** `Config['factors']['sms_code']`. */
export interface SmsCodeSettings extends SentCodeSettings {
  /** Offered as the first proof too. */
  readonly first: boolean
  /** Messages to one number. */
  readonly per_hour: number
  readonly per_number_per_month: number
  /** Messages to all numbers together: what pumping can cost at most. */
  readonly per_month: number
}

export interface SmsCodeTools {
  readonly budget: SendBudget
  readonly settings: SmsCodeSettings
}

const month = 30 * day

/** What an SMS is charged to; what goes to nobody costs nothing, and counts under a name of its own. */
export function smsLimits({ per_hour, per_number_per_month, per_month }: SmsCodeSettings) {
  return (recipient: string) => [
    { subject: `sms hour ${recipient}`, most: per_hour, within: hour },
    { subject: `sms month ${recipient}`, most: per_number_per_month, within: month },
    {
      subject: recipient.startsWith('nobody ') ? 'sms nobody' : 'sms everybody',
      most: per_month,
      within: month,
    },
  ]
}

/**
 * A code by SMS: whoever has the number. Nobody enrols it; whoever has a proved number has it. Restricted (NIST SP 800-63B-4 3.1.3.3): numbers
 * are ported and messages intercepted, so it is a second step unless the operator says otherwise.
 */
export function smsCode({ budget, settings }: SmsCodeTools) {
  return {
    ...sentCode({ budget, settings, limits: smsLimits(settings) }),
    name: 'sms-code',
    icon: 'chat',
    categories: ['possession'],
    amr: ['otp', 'sms'],
    channel: 'sms',
    first: settings.first,
    single: true,
    resettable: false,
    lostWith: ['phone', 'devices'],
    implied: 'phone',
    decoy: nowhere,
  } satisfies Factor<Identifier, SentCode>
}
