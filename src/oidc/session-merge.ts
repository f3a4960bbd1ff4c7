import { isDeepStrictEqual } from 'node:util'

/** What the library keeps of a client in a session, and the further grants of requests that ran at once. */
export interface Authorization {
  readonly sid?: string
  readonly grantId?: string
  readonly persistsLogout?: boolean
  /** Grants of the same client whose request lost the race for `grantId`: their tokens are as good. */
  readonly grantIds?: readonly string[]
}

/** The library's session as it is saved; times in seconds. */
export interface SessionPayload {
  readonly jti: string
  readonly uid: string
  readonly kind?: string
  readonly iat?: number
  readonly exp?: number
  readonly accountId?: string
  readonly loginTs?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly transient?: boolean
  readonly state?: Readonly<Record<string, unknown>>
  readonly authorizations?: Readonly<Record<string, Authorization>>
}

type Authorizations = Readonly<Record<string, Authorization>>

/** One sign-in: who, when and how well. Of two sign-ins nothing is ever mixed: the time of the one would vouch for the proofs of the other. */
const ofSignIn = ['accountId', 'loginTs', 'acr', 'amr'] as const
const fields = ['transient', 'state'] as const

/**
 * What to store when a request that read `base` wants `mine` and others made it `current` meanwhile: each change of ours is kept,
 * everything we did not touch stays as it is stored. So a request in flight neither undoes a step-up nor a sign-out from one client.
 */
export function mergeSession(
  base: SessionPayload,
  mine: SessionPayload,
  current: SessionPayload,
): SessionPayload {
  const merged: Record<string, unknown> = { ...current }
  const changed = fields.filter((field) => !isDeepStrictEqual(mine[field], base[field]))
  for (const field of signsInLast(base, mine, current) ? [...ofSignIn, ...changed] : changed) {
    if (mine[field] === undefined) delete merged[field]
    else merged[field] = mine[field]
  }
  const authorizations = mergeAuthorizations(
    base.authorizations ?? {},
    mine.authorizations ?? {},
    current.authorizations ?? {},
  )
  if (Object.keys(authorizations).length > 0) merged.authorizations = authorizations
  else delete merged.authorizations
  return merged as unknown as SessionPayload
}

/** Ours is a sign-in, and no other request stored a later one of the same person. */
function signsInLast(base: SessionPayload, mine: SessionPayload, current: SessionPayload): boolean {
  const isOther = (one: SessionPayload) =>
    ofSignIn.some((field) => !isDeepStrictEqual(one[field], base[field]))
  if (!isOther(mine)) return false
  const isLater = (current.loginTs ?? 0) > (mine.loginTs ?? 0)
  return !(isLater && isOther(current) && current.accountId === mine.accountId)
}

function mergeAuthorizations(base: Authorizations, mine: Authorizations, current: Authorizations) {
  const clientIds = new Set([...Object.keys(mine), ...Object.keys(current)])
  const merged: Record<string, Authorization> = {}
  for (const clientId of clientIds) {
    const one = mergeAuthorization(base[clientId], mine[clientId], current[clientId])
    if (one !== undefined) merged[clientId] = one
  }
  return merged
}

function mergeAuthorization(
  base: Authorization | undefined,
  mine: Authorization | undefined,
  current: Authorization | undefined,
): Authorization | undefined {
  if (isDeepStrictEqual(mine, base)) return current
  if (isDeepStrictEqual(current, base)) return mine
  if (mine === undefined) return current
  return current === undefined ? mine : combine(mine, current)
}

function combine(mine: Authorization, current: Authorization): Authorization {
  const grantIds = new Set([...grantsOf(current), ...grantsOf(mine)])
  if (current.grantId !== undefined) grantIds.delete(current.grantId)
  return {
    ...mine,
    ...current,
    ...(mine.persistsLogout || current.persistsLogout ? { persistsLogout: true } : {}),
    ...(grantIds.size > 0 ? { grantIds: [...grantIds] } : {}),
  }
}

/** All grants that a client holds in a session. */
export function grantsOf(authorization: Authorization): readonly string[] {
  return [
    ...(authorization.grantId === undefined ? [] : [authorization.grantId]),
    ...(authorization.grantIds ?? []),
  ]
}
