import type { Context } from 'koa'
import type { Client } from '../domain/client.ts'

/**
 * The pages that the protocol endpoints show to people; the entrance implements them. Each sets `ctx.body` (and, but for `error`, `ctx.status`).
 * Forms may end at a client: the page's `form-action` must allow the redirect URI.
 */
export interface Pages {
  /** Asks before signing out. The form posts `xsrf` and `logout=yes|no` to `action`. */
  signOut(
    ctx: Context,
    page: {
      readonly action: string
      readonly xsrf: string
      readonly client?: Client
      /** An application asked for it (and waits for the answer); absent client: nobody did. */
      readonly clientAsked: boolean
    },
  ): Promise<void> | void
  /** The end of a sign-out without an application to return to; `signedIn`: the person chose to stay. */
  signedOut(
    ctx: Context,
    page: { readonly client?: Client; readonly signedIn: boolean },
  ): Promise<void> | void
  /**
   * A request that cannot be answered to the application. `error` is the protocol's code, `interaction-lost` (expired, answered already, or
   * another browser's: offer to start again), or the code of a `Problem`. `status` is set already.
   */
  error(
    ctx: Context,
    page: {
      readonly error: string
      readonly error_description?: string
      readonly status: number
      readonly client?: Client
    },
  ): Promise<void> | void
  /** OAuth 2.0 Form Post Response Mode: a form with hidden fields that sends itself. */
  formPost(
    ctx: Context,
    page: {
      readonly action: string
      readonly fields: Readonly<Record<string, string>>
      readonly client?: Client
    },
  ): Promise<void> | void
}
