import type { Provider } from 'oidc-provider'
import type { Clock } from '../ports/clock.ts'
import { clockTolerance } from './client-assertions.ts'

interface SignIn {
  readonly accountId: string
  readonly loginTs?: number
  readonly transient?: boolean
}

interface SessionModel {
  accountId?: string
  loginTs?: number
  transient?: boolean | undefined
  loginAccount(details: SignIn): void
  past(age: unknown): boolean
}

/**
 * A sign-in that is carried along to a later page must not undo a newer one of the same person (a step-up in another tab), and
 * "remember me" counts for the sign-in it was ticked at. `max_age=0` is never met by what was there before, not even within the same second
 * (OIDC Core 3.1.2.1), and neither is any age by a sign-in that a clock, set back since, puts into the future.
 */
export function applySignIn(provider: Provider, clock: Clock): void {
  const prototype = provider.Session.prototype as unknown as SessionModel
  const { loginAccount, past } = prototype

  const latest = () => clock() / 1000 + clockTolerance

  prototype.loginAccount = function signIn(details) {
    const { accountId, loginTs = 0 } = this
    const isNewer = loginTs > (details.loginTs ?? 0) && loginTs <= latest()
    if (accountId === details.accountId && isNewer) return
    loginAccount.call(this, details)
    if (details.transient !== true && this.transient === true) this.transient = undefined
  }
  prototype.past = function isPast(age) {
    return Number(age) === 0 || (this.loginTs ?? 0) > latest() || past.call(this, age)
  }
}
