import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { EndSession } from './logout.ts'
import type { EndedSession } from './session-registry.ts'

/** Ends the session of a request at the end-session endpoint, without a second question. */
export function createEndSession(sessions: () => SessionRegistry): EndSession {
  return async (ctx) => {
    const { provider, session } = ctx.oidc
    if (session?.accountId === undefined) return
    await sessions().end(session.accountId, session.uid)
    // Nothing of it is to be saved when the library is done.
    Object.assign(session, { destroyed: true })
    const secure = provider.issuer.startsWith('https:')
    ctx.oidc.cookies.set(provider.cookieName('session'), null, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure,
      signed: false,
    })
  }
}

/** What follows when a session is over, however it ended: the relying parties are told. */
export function createTeller(current: () => Provider) {
  return async ({ identityId, clients }: EndedSession): Promise<void> => {
    for (const { clientId, sid } of clients) await tell(current(), clientId, identityId, sid)
  }
}

/** The library's client, with the part that `backchannel.ts` replaces. */
interface Told {
  backchannelLogout(identityId: string, sid: string | undefined): Promise<void>
}

async function tell(
  provider: Provider,
  clientId: string,
  identityId: string,
  sid: string | undefined,
): Promise<void> {
  const client = (await provider.Client.find(clientId)) as unknown as Told | undefined
  await client?.backchannelLogout(identityId, sid)
}

/** The session of the request, as `session.ended` is recorded when the person answers the library's own form. */
export function endedBy(ctx: KoaContextWithOIDC): EndedSession | undefined {
  const { session, params } = ctx.oidc
  if (session?.accountId === undefined || params?.logout === undefined) return undefined
  const clients = Object.keys(session.authorizations ?? {}).map((clientId) => ({ clientId }))
  return { uid: session.uid, identityId: session.accountId, clients }
}
