/** Every way to prove, one line each, in the order in which they are offered. What a factor is says ports/factor.ts. */
import type { ContactSettings } from '../domain/contact.ts'
import type { Factors } from '../ports/factor.ts'
import type { Logger } from '../ports/logger.ts'
import type { GuardedFetch } from '../ports/outbound.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import type { SendBudget } from '../ports/send-budget.ts'
import type { TrustedBrowsers } from '../ports/trusted-browsers.ts'
import type { Vouching } from '../ports/vouching.ts'
import type { Waker } from '../ports/waker.ts'
import { type BackupCodeSettings, backupCode } from './backup-code.ts'
import { type EmailCodeSettings, emailCode } from './email-code.ts'
import { type MagicLinkSettings, magicLink } from './magic-link.ts'
import { passkey } from './passkey.ts'
import { type PasswordSettings, password } from './password.ts'
import { type PushSettings, push } from './push.ts'
import { securityKey } from './security-key.ts'
import { type SmsCodeSettings, smsCode } from './sms-code.ts'
import { type TotpSettings, totp } from './totp.ts'
import { trustedContacts } from './trusted-contacts.ts'
import { trustedDevice } from './trusted-device.ts'
import type { WebAuthnSettings } from './webauthn.ts'

export interface FactorTools {
  readonly hasher: PasswordHasher
  readonly fetch: GuardedFetch
  readonly log: Logger
  readonly budget: SendBudget
  readonly waker: Waker
  readonly vouching: Vouching
  readonly browsers: TrustedBrowsers
  /** How this server calls itself: nobody's password is made of that. */
  readonly serviceName: string
  /** Further origins that may use keys made for this server. */
  readonly relatedOrigins: readonly string[]
  readonly settings: {
    readonly password: PasswordSettings
    readonly magic_link: MagicLinkSettings
    readonly email_code: EmailCodeSettings
    readonly sms_code: SmsCodeSettings
    readonly passkey: WebAuthnSettings
    readonly security_key: WebAuthnSettings
    readonly totp: TotpSettings
    readonly push: PushSettings
    readonly backup_code: BackupCodeSettings
    readonly trusted_contacts: ContactSettings
    readonly trusted_device: { readonly enabled: boolean }
  }
}

/** The factors that the configuration turns on. */
export function createFactors(tools: FactorTools): Factors {
  const { settings } = tools
  return [
    settings.password.enabled && password({ ...tools, settings: settings.password }),
    settings.passkey.enabled && passkey({ ...tools, settings: settings.passkey }),
    settings.security_key.enabled && securityKey({ ...tools, settings: settings.security_key }),
    settings.totp.enabled && totp({ ...tools, settings: settings.totp }),
    settings.push.enabled && push({ ...tools, settings: settings.push }),
    settings.magic_link.enabled && magicLink({ ...tools, settings: settings.magic_link }),
    settings.email_code.enabled && emailCode({ ...tools, settings: settings.email_code }),
    settings.sms_code.enabled && smsCode({ ...tools, settings: settings.sms_code }),
    settings.backup_code.enabled && backupCode({ ...tools, settings: settings.backup_code }),
    settings.trusted_device.enabled && trustedDevice(tools),
    settings.trusted_contacts.enabled && trustedContacts({ ...tools, settings: settings.trusted_contacts }),
  ].filter((factor) => factor !== false)
}
