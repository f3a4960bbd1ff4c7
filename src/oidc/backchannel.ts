import { randomUUID } from 'node:crypto'
import type { Provider, Client as ProviderClient } from 'oidc-provider'
import { Problem } from '../domain/problem.ts'
import type { OidcDependencies } from './dependencies.ts'

/** The kind of its jobs, for the queue's limits. */
export const logoutKind = 'backchannel-logout'

/** One relying party that is to be told, once. `sid` as it knows the session. */
interface Notice {
  readonly clientId: string
  readonly identityId: string
  readonly sid?: string
}

type Deps = Pick<OidcDependencies, 'config' | 'queue' | 'fetch' | 'log'>

/** Signing out never waits for a relying party: it is told by the queue, with retries (OIDC Back-Channel Logout 1.0, F13). */
export function applyBackchannelLogout(provider: Provider, deps: Deps): void {
  Object.assign(provider.Client.prototype, {
    /** In the ID token of everybody who is told by it later (Back-Channel Logout 2.1), and not of those alone who insist. */
    includeSid(this: ProviderClient): boolean {
      return this.backchannelLogoutUri !== undefined
    },
    async backchannelLogout(this: ProviderClient, identityId: string, sid?: string): Promise<void> {
      if (this.backchannelLogoutUri === undefined) return
      const notice: Notice = { clientId: this.clientId, identityId, ...(sid === undefined ? {} : { sid }) }
      const queued = await deps.queue.add(logoutKind, notice)
      if (!queued)
        deps.log.warn(
          { clientId: this.clientId },
          'the queue of back-channel logouts is full: one was dropped',
        )
    },
  })
}

/**
 * Tells a relying party that the person is signed in nowhere any more, whatever session it knows them from (section 2.4: `sub` without `sid`). Of one
 * name within a day one goes out. Throws `Problem('busy')` where the queue is full.
 */
export async function queueLogout(
  queue: OidcDependencies['queue'],
  { clientId, identityId }: Omit<Notice, 'sid'>,
  name: string,
): Promise<void> {
  const notice: Notice = { clientId, identityId }
  if (!(await queue.add(logoutKind, notice, { id: name }))) throw new Problem('busy', { retryAfter: 60 })
}

/** Does the queued notices. The token is made when it is sent, so that a retry carries a fresh `iat` and the present key. */
export function handleBackchannelLogout(current: () => Provider, deps: Deps): void {
  deps.queue.handle<Notice>(logoutKind, async (notice) => {
    const provider = current()
    const client = await provider.Client.find(notice.clientId)
    const uri = client?.backchannelLogoutUri
    if (client === undefined || uri === undefined) return 'given-up'
    const body = new URLSearchParams({ logout_token: await logoutToken(provider, client, notice) })
    const response = await deps.fetch(uri, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
      signal: AbortSignal.timeout(deps.config.backchannel_logout.timeout),
    })
    await response.body?.cancel()
    if (response.status === 200 || response.status === 204) return undefined
    deps.log.warn(
      { clientId: notice.clientId, status: response.status },
      'a relying party refused a logout token',
    )
    // 400 is its final word (section 2.8): the same session would be refused again.
    if (response.status === 400) return 'given-up'
    throw new Error(`the relying party answered ${response.status}`)
  })
}

/** The parts of the library's ID token that it uses for logout tokens itself; the published types leave them out. */
interface Issuable {
  mask: Record<string, null>
  set(name: string, value: unknown): void
  issue(options: { use: 'logout' }): Promise<string>
}

async function logoutToken(provider: Provider, client: ProviderClient, notice: Notice): Promise<string> {
  const Token = provider.IdToken as unknown as new (
    claims: { sub: string },
    options: { client: ProviderClient; ctx: undefined },
  ) => Issuable
  const token = new Token({ sub: notice.identityId }, { client, ctx: undefined })
  token.mask = { sub: null }
  token.set('events', { 'http://schemas.openid.net/event/backchannel-logout': {} })
  token.set('jti', randomUUID())
  if (notice.sid !== undefined) token.set('sid', notice.sid)
  return token.issue({ use: 'logout' })
}
