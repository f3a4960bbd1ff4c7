import type { Vault } from '../ports/vault.ts'
import { isSame } from './signed.ts'

/** Proof that a form was made for this browser (S36). */
export interface FormTokens {
  /** The value of the hidden field `csrf` in every form that is shown to the browser with this secret. */
  for(browser: string): string
  matches(browser: string, token: string | undefined): boolean
}

/** Tokens are an HMAC of the browser's secret, so that nothing is stored and every tab may be used in any order. */
export function createFormTokens(vault: Pick<Vault, 'mac'>): FormTokens {
  const tokenFor = (browser: string) => vault.mac('form-token', browser)
  return {
    for: tokenFor,
    matches(browser, token) {
      return token !== undefined && isSame(tokenFor(browser), token)
    },
  }
}
