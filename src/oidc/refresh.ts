// Owns the rotation of refresh tokens: one use makes one successor, a retry within the window gets the same successor until that one is used,
// anything later ends the family (RFC 9700 4.14.2). Without patching the grant handler: the successor's id follows from its predecessor's.
import { errors } from 'oidc-provider'
import type { Artifact } from '../ports/store.ts'
import {
  currentContext,
  type FindOptions,
  type Model,
  type ModelClass,
  originOf,
  rememberOrigins,
} from './models.ts'
import type { OneTimeDeps } from './one-time.ts'

/** Overrides of one Provider instance's RefreshToken. */
export function applyRefresh(RefreshToken: ModelClass, deps: OneTimeDeps): void {
  const { artifacts } = deps
  const { generateTokenId } = RefreshToken.prototype
  const find = RefreshToken.find
  rememberOrigins(RefreshToken)

  RefreshToken.find = async function findOrRetry(this: ModelClass, value: unknown, options?: FindOptions) {
    const token = await find.call(this, value, options)
    // Only where it is exchanged: introspection must go on calling it inactive.
    const exchanged = currentContext()?.oidc.route === 'token'
    if (token?.consumed && exchanged && (await isRetry(token, deps))) delete token.consumed
    if (token !== undefined && exchanged) narrow(token)
    return token
  }

  Object.assign(RefreshToken.prototype, {
    generateTokenId(this: Model) {
      const predecessor = currentContext()?.oidc.entities.RotatedRefreshToken
      return predecessor?.jti === undefined ? generateTokenId.call(this) : successorId(predecessor.jti, deps)
    },
    async consume(this: Model) {
      const row = originOf<Artifact>(this)
      const spent = row === undefined ? { won: false } : await artifacts.spend(row)
      if (spent.won) return void this.emit('consumed')
      if (await isRetry(this, deps)) return
      await endReused(this, deps)
      throw new errors.InvalidGrant('refresh token already used')
    },
    async destroy(this: Model) {
      // The library destroys a token that comes back when it was consumed; revocation destroys unconsumed ones.
      if (this.consumed && currentContext()?.oidc.route === 'token') await endReused(this, deps)
      else await artifacts.remove('RefreshToken', this.jti ?? '')
      this.emit('destroyed')
    },
  })
}

/** To what the client may ask for by now: a scope that was taken from it is gone from its next token on. */
function narrow(token: Model): void {
  const allowed = currentContext()?.oidc.client?.scope?.split(' ')
  if (allowed === undefined || token.scope === undefined) return
  token.scope = token.scope
    .split(' ')
    .filter((scope) => allowed.includes(scope))
    .join(' ')
}

/** Known to nobody without the key, the same for every process: what all retries get. */
function successorId(jti: string, deps: OneTimeDeps): string {
  return deps.vault.mac('refresh-successor', jti)
}

/** The token was spent a moment ago and nobody used its successor: the answer may have been lost, or two tabs asked at once. */
async function isRetry(token: Model, deps: OneTimeDeps): Promise<boolean> {
  const { artifacts, clock, settings } = deps
  if (token.jti === undefined || settings.refresh_retry_window === 0) return false
  const [own, successor] = await Promise.all([
    artifacts.row('RefreshToken', token.jti),
    artifacts.row('RefreshToken', successorId(token.jti, deps)),
  ])
  if (own?.consumedAt === undefined || successor?.consumedAt !== undefined) return false
  // Either way: a clock that was set back must not stretch the window.
  return Math.abs(clock() - own.consumedAt) <= settings.refresh_retry_window
}

async function endReused(token: Model, deps: OneTimeDeps): Promise<void> {
  if (token.grantId !== undefined && (await deps.artifacts.endFamily(token.grantId)))
    await deps.onReuse(token)
}
