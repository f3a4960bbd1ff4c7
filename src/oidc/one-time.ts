// Owns "exactly once" in the protocol: codes, pushed requests, device codes, interactions, `jti`s. The library finds, checks and then marks;
// here the mark is a compare-and-set that one racer wins, and losing it ends what was issued. Refresh tokens are refresh.ts.
import type Provider from 'oidc-provider'
import { errors } from 'oidc-provider'
import { Problem } from '../domain/problem.ts'
import type { Duration } from '../domain/time.ts'
import { minute, second } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Artifact, Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import type { Artifacts } from './artifacts.ts'
import { keepGrantsEnded } from './grant-records.ts'
import { type Model, type ModelClass, originOf, rememberOrigins } from './models.ts'
import { applyRefresh } from './refresh.ts'

export interface OneTimeDeps {
  readonly store: Pick<Store, 'replays'>
  readonly artifacts: Artifacts
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  /** `Config['lifetimes']` */
  readonly settings: { readonly refresh_retry_window: Duration }
  /** A refresh token was used after its successor was, or after the retry window. Called once, when its family has just been ended. */
  readonly onReuse: (token: ReusedToken) => Promise<void>
}

export type ReusedToken = Pick<Model, 'accountId' | 'clientId' | 'grantId' | 'sessionUid'>

/** Overrides of one Provider instance; call it for each new one. */
export function applyOneTime(provider: Provider, deps: OneTimeDeps): void {
  const { artifacts } = deps
  for (const name of ['AuthorizationCode', 'DeviceCode', 'BackchannelAuthenticationRequest'] as const) {
    spendOnce(provider[name] as unknown as ModelClass, artifacts, (model) => endGrant(model, artifacts))
  }
  spendOnce(provider.PushedAuthorizationRequest as unknown as ModelClass, artifacts, refusePushedRequest)
  answerOnce(provider.Interaction as unknown as ModelClass, artifacts)
  keepGrantsEnded(provider.Grant as unknown as ModelClass, artifacts)
  applyRefresh(provider.RefreshToken as unknown as ModelClass, deps)
  const { ReplayDetection } = provider as unknown as { ReplayDetection: { unique: Unique } }
  ReplayDetection.unique = (issuer, jti, exp) => isFirst(deps, issuer, jti, exp)
}

function spendOnce(Class: ModelClass, artifacts: Artifacts, lose: (model: Model) => Promise<never>): void {
  rememberOrigins(Class)
  Object.assign(Class.prototype, {
    async consume(this: Model) {
      const row = originOf<Artifact>(this)
      if (row === undefined || !(await artifacts.spend(row)).won) return lose(this)
      this.emit('consumed')
    },
  })
}

/** Of two answers to one page (a double click) the first one stands, and of two that go on with it one gets what was asked for. */
function answerOnce(Interaction: ModelClass, artifacts: Artifacts): void {
  const { save } = Interaction.prototype
  rememberOrigins(Interaction)
  Object.assign(Interaction.prototype, {
    async save(this: Model, expiresIn: number) {
      const row = originOf<Artifact>(this)
      if (row === undefined) return save.call(this, expiresIn as never)
      const { value, payload } = await this.getValueAndPayload()
      const first = await artifacts.replace(row, this.kind, payload, expiresIn)
      // Never written anew: somebody went on with it already.
      if (!first && (await artifacts.row(this.kind, value)) === undefined)
        throw new Problem('interaction-lost')
      return value
    },
    async destroy(this: Model) {
      if (!(await artifacts.remove(this.kind, this.jti ?? '')))
        throw new errors.SessionNotFound('interaction session not found')
      this.emit('destroyed')
    },
  })
}

/** RFC 6749 4.1.2: a second use ends what the first one issued. What the winner is about to save is dead without its Grant. */
async function endGrant(model: Model, artifacts: Artifacts): Promise<never> {
  if (model.grantId !== undefined) await artifacts.endFamily(model.grantId)
  throw new errors.InvalidGrant(`${model.kind} already used`)
}

/** RFC 9126 2.2: there is nothing to revoke yet, the other request goes on. */
async function refusePushedRequest(): Promise<never> {
  throw new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used')
}

type Unique = (issuer: string, jti: string, exp: number) => Promise<boolean>

// An assertion may live this long (S9); what claims to live longer is refused, or its row would have to be kept as long.
const longest = 5 * minute
// The issuer's clock may be ahead of ours, and ours may jump a little (F8).
const tolerance = minute

/** One insert: true for the first of N racers over all processes. `exp` in seconds. */
async function isFirst(deps: OneTimeDeps, issuer: string, jti: string, exp: number): Promise<boolean> {
  const { store, digest, clock } = deps
  const expiresAt = exp * second
  if (expiresAt > clock() + longest + tolerance) return false
  return store.replays.insert({ id: digest(JSON.stringify([issuer, jti])), expiresAt: expiresAt + tolerance })
}
