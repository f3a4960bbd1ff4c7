/** Every way to prove, one line each, in the order in which they are offered. What a factor is says ports/factor.ts. */
import type { Factors } from '../ports/factor.ts'
import type { Logger } from '../ports/logger.ts'
import type { GuardedFetch } from '../ports/outbound.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import { type PasswordSettings, password } from './password.ts'

export interface FactorTools {
  readonly hasher: PasswordHasher
  readonly fetch: GuardedFetch
  readonly log: Logger
  /** How this server calls itself: nobody's password is made of that. */
  readonly serviceName: string
  readonly settings: { readonly password: PasswordSettings }
}

/** The factors that the configuration turns on. */
export function createFactors(tools: FactorTools): Factors {
  const { settings } = tools
  return [settings.password.enabled && password({ ...tools, settings: settings.password })].filter(
    (factor) => factor !== false,
  )
}
