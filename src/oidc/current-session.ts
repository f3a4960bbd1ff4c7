import type { Context } from 'koa'
import { type Level, levelOf } from '../domain/assurance.ts'
import type { Instant } from '../domain/time.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import { isHonoured } from './account.ts'
import type { SessionRows } from './session-rows.ts'

/** Who is signed in in a browser, and how well that was proved. */
export interface CurrentSession {
  /** Stable over id rotations. */
  readonly uid: string
  readonly identityId: string
  readonly authTime: Instant
  readonly level: Level
  readonly acr: string
  readonly amr: readonly string[]
  /** With which credentials it was proved, where that is known. */
  readonly credentials?: readonly string[]
}

/** Reads the session of a request outside the protocol (portal, console, interaction pages): its use counts as use. */
export function createCurrentSession(deps: {
  readonly sessions: SessionRows
  readonly identities: IdentityDirectory
  readonly cookieName: () => string
}) {
  return async (ctx: Context): Promise<CurrentSession | undefined> => {
    const id = ctx.cookies.get(deps.cookieName(), { signed: false })
    const session = id === undefined ? undefined : await deps.sessions.byId(id)
    if (session === undefined) return undefined
    const { accountId, acr = '', amr = [], loginTs = 0, uid } = session.payload
    const identity = accountId === undefined ? undefined : await deps.identities.get(accountId)
    if (identity === undefined || !isHonoured(identity, loginTs)) return undefined
    await deps.sessions.touch(uid)
    const { credentials } = session.place ?? {}
    return {
      uid,
      identityId: identity.id,
      authTime: loginTs * 1000,
      level: levelOf(acr) ?? 'none',
      acr,
      amr,
      ...(credentials === undefined ? {} : { credentials }),
    }
  }
}
