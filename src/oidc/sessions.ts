// Owns what the library's Session may do to a stored session: saves merge, never revive and never stretch; destroy leaves a tombstone;
// codes and session-bound tokens are alive only while their session is. Rows are session-rows.ts.
import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { Vault } from '../ports/vault.ts'
import { sessionOf } from './adapter.ts'
import type { Artifacts } from './artifacts.ts'
import {
  currentContext,
  type FindOptions,
  type Model,
  type ModelClass,
  originOf,
  rememberOrigins,
  setOrigin,
} from './models.ts'
import { type Authorization, grantsOf, type SessionPayload } from './session-merge.ts'
import type { SessionRows, SignInPlace, StoredSession } from './session-rows.ts'

export interface SessionsDeps {
  readonly sessions: SessionRows
  readonly artifacts: Artifacts
  readonly vault: Vault
  /** What to remember of the request a person signed in with. */
  readonly placeOf: (ctx: Context) => SignInPlace
}

const signsIn = Symbol('signs in')

interface SessionModel extends Model {
  [signsIn]?: boolean
  uid: string
  touched?: boolean
  destroyed?: boolean
  accountId?: string
  loginTs?: number
  authorizations?: Record<string, Authorization>
  sidFor(clientId: string, value?: string): string | undefined
  ensureClientContainer(clientId: string): void
  loginAccount(details: { readonly loginTs?: number }): void
}

/** Overrides of one Provider instance; call it for each new one. */
export function applySessions(provider: Provider, deps: SessionsDeps): void {
  const Session = provider.Session as unknown as ModelClass
  const prototype = Session.prototype as unknown as SessionModel & Record<'save' | 'destroy', unknown>
  rememberOrigins(Session, sessionOf)

  prototype.save = function save(this: SessionModel) {
    return saveSession(this, provider.cookieName('session'), deps)
  }
  prototype.destroy = async function destroy(this: SessionModel) {
    await endStored(this, deps)
    this.emit('destroyed')
    this.destroyed = true
  }
  // The same for requests that run at once: a relying party that got the one which lost could never be told of the sign-out.
  prototype.ensureClientContainer = function ensureClientContainer(this: SessionModel, clientId) {
    if (!this.sidFor(clientId))
      this.sidFor(clientId, deps.vault.mac('session-sid', `${this.uid} ${clientId}`))
  }
  const { loginAccount } = prototype
  prototype.loginAccount = function signIn(this: SessionModel, details) {
    loginAccount.call(this, details)
    // One that gave way to a newer sign-in (sign-in.ts) says nothing of where and with what that one was made.
    if (details.loginTs === undefined || details.loginTs === this.loginTs) this[signsIn] = true
  }
  bindToSession(provider, deps.sessions)
}

async function saveSession(
  session: SessionModel,
  cookie: string,
  deps: SessionsDeps,
): Promise<string | undefined> {
  const { payload } = (await session.getValueAndPayload()) as unknown as { payload: SessionPayload }
  const base = originOf<StoredSession>(session)
  // Whatever happens now, the library must not save again on its way out.
  session.touched = false
  if (base === undefined && isEmpty(payload)) {
    // A cookie without a session brought the library here: there is nothing to keep, and another tab may be signing in just now.
    dropCookie(cookie)
    return session.jti
  }
  const written = await deps.sessions.write(payload, base, signInOf(session, deps))
  if (written.status === 'ended' || !written.ownsId) dropCookie(cookie)
  if (written.status === 'ended') return session.jti
  session.exp = written.session.payload.exp ?? 0
  session.touched = false
  setOrigin(session, written.session)
  await endLeftGrants(base, written.session, deps.artifacts)
  session.emit('saved')
  return session.jti
}

function isEmpty({ accountId, state, authorizations }: SessionPayload): boolean {
  return accountId === undefined && state === undefined && authorizations === undefined
}

function signInOf(session: SessionModel, { placeOf }: SessionsDeps): SignInPlace | undefined {
  if (!session[signsIn]) return undefined
  const ctx = currentContext()
  return ctx === undefined ? {} : placeOf(ctx)
}

/**
 * Whoever lost the race for the session's id, or saved one that was ended meanwhile, sends no session cookie: it would overwrite
 * the one that the winner's answer, or the sign-out, leaves in the browser.
 */
function dropCookie(name: string): void {
  const ctx = currentContext()
  const lines = ctx?.response.get('set-cookie') as string | readonly string[] | undefined
  if (ctx === undefined || lines === undefined || lines.length === 0) return
  const rest = [lines]
    .flat()
    .filter((line) => !line.startsWith(`${name}=`) && !line.startsWith(`${name}.sig=`))
  if (rest.length === 0) ctx.response.remove('set-cookie')
  else ctx.response.set('set-cookie', rest)
}

async function endStored(session: SessionModel, deps: SessionsDeps): Promise<void> {
  const ended = originOf(session) && (await deps.sessions.end(session.uid))
  if (ended) await endGrants(Object.values(ended.payload.authorizations ?? {}), deps.artifacts)
}

/** Signed out of one client only: the library ends the grant it knows of, these are the others. */
async function endLeftGrants(
  base: StoredSession | undefined,
  now: StoredSession,
  artifacts: Artifacts,
): Promise<void> {
  const before = base?.payload.authorizations ?? {}
  const left = Object.keys(before).filter((clientId) => now.payload.authorizations?.[clientId] === undefined)
  await endGrants(
    left.map((clientId) => before[clientId] ?? {}),
    artifacts,
  )
}

/** Ends the families that do not outlive a sign-out (`offline_access` does). */
export async function endGrants(
  authorizations: readonly Authorization[],
  artifacts: Artifacts,
): Promise<void> {
  const ended = authorizations.filter(({ persistsLogout }) => !persistsLogout).flatMap(grantsOf)
  await Promise.all(ended.map((grantId) => artifacts.endFamily(grantId)))
}

const bound = [
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
] as const

/**
 * The library compares a token's grant with the one grant of its client in the session; here any of the client's grants will do, so that
 * two tabs of one application that opened at once both get in. A code needs its session even where its tokens will not (`offline_access`):
 * else a request in flight during "sign out everywhere" could still be exchanged.
 */
function bindToSession(provider: Provider, sessions: SessionRows): void {
  for (const name of bound) {
    const Class = provider[name] as unknown as ModelClass
    const always = name === 'AuthorizationCode'
    const find = Class.find
    Class.find = async function findBound(this: ModelClass, value: unknown, options?: FindOptions) {
      const token = await find.call(this, value, { ...options, ignoreSessionBinding: true })
      if (token === undefined || options?.ignoreSessionBinding) return token
      if (!token.expiresWithSession && !(always && token.sessionUid)) return token
      return (await isBound(token, sessions)) ? token : undefined
    }
  }
}

async function isBound(token: Model, sessions: SessionRows): Promise<boolean> {
  const session = token.sessionUid === undefined ? undefined : await sessions.byUid(token.sessionUid)
  if (session === undefined || session.payload.accountId !== token.accountId) return false
  const authorization = session.payload.authorizations?.[token.clientId ?? '']
  return authorization !== undefined && grantsOf(authorization).includes(token.grantId ?? '')
}
