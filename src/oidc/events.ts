import type { Context } from 'koa'
import { errors, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { AuditEvent } from '../domain/audit-event.ts'
import { clientName } from '../domain/client.ts'
import { readerOf } from '../domain/reader.ts'
import type { NewSession } from '../ports/session-registry.ts'
import type { OidcDependencies } from './dependencies.ts'
import { createFailureCount, type FailureCount } from './failure-count.ts'
import { asContext } from './logout.ts'
import type { ReusedToken } from './one-time.ts'
import { originOf, placeOf } from './request-origin.ts'
import type { EndedSession } from './session-registry.ts'
import { endedBy } from './sign-out.ts'

type Deps = Pick<
  OidcDependencies,
  'audit' | 'clients' | 'clock' | 'config' | 'identities' | 'log' | 'messenger' | 'onSignIn'
>

/** What the library's listeners, which it does not wait for, leave to be done before the answer goes out. */
export interface RequestEvents {
  /** Resolves when everything that happened in the request is recorded; rejects when it cannot be. */
  settle(ctx: Context): Promise<void>
  /** The unexpected error that the library turned into `server_error`, if there was one. */
  failureOf(ctx: Context): Error | undefined
}

const pending = new WeakMap<object, Promise<void>[]>()
const failures = new WeakMap<object, Error>()

export const requestEvents: RequestEvents = {
  async settle(ctx) {
    await Promise.all(pending.get(ctx) ?? [])
  },
  failureOf: (ctx) => failures.get(ctx),
}

/** Records what happens at the protocol endpoints. Ids and words of the protocol only: never a code, token or secret (S42). */
export function applyEvents(provider: Provider, deps: Deps): void {
  const record = (ctx: KoaContextWithOIDC, event: AuditEvent) => {
    const all = pending.get(ctx) ?? []
    pending.set(ctx, all)
    const recorded = deps.audit.record(traced(ctx, event))
    // Handled at once: it is looked at only when the library is done.
    recorded.catch(() => {})
    all.push(recorded)
  }
  const on = provider.on.bind(provider) as (
    name: string,
    listener: (ctx: KoaContextWithOIDC, error: Error) => void,
  ) => void

  on('grant.success', (ctx) => record(ctx, tokenIssued(ctx)))
  on('interaction.ended', (ctx) => {
    const event = sessionStarted(ctx)
    if (event === undefined) return
    record(ctx, event)
    deps.onSignIn?.(newSession(asContext(ctx), event))
  })
  on('end_session.success', (ctx) => {
    const ended = endedBy(ctx)
    if (ended !== undefined) record(ctx, sessionEnded(ended))
  })
  const failuresOf = createFailureCount(deps.clock)
  for (const name of ['grant', 'introspection', 'revocation']) {
    on(`${name}.error`, (ctx, error) => {
      if (error instanceof errors.InvalidClientAuth) authenticationFailed(ctx, record, failuresOf, deps)
    })
  }
  on('server_error', (ctx, error) => {
    failures.set(ctx, error)
    deps.log.error(
      // The route and not the path, which holds the id of the interaction.
      { err: error, route: ctx.oidc.route, traceId: asContext(ctx).state.traceId },
      'a protocol request failed',
    )
  })
  for (const model of ['access_token', 'refresh_token', 'client_credentials']) {
    provider.on(`${model}.destroyed` as 'access_token.destroyed', (token) => {
      const ctx = Provider.ctx
      if (ctx?.oidc.route === 'revocation') record(ctx, tokenRevoked(token))
    })
  }
}

/** Records the end of a family of refresh tokens, and tells the person (S8). */
export function createReuseListener(deps: Deps): (token: ReusedToken) => Promise<void> {
  return async (token) => {
    const { accountId, clientId = '' } = token
    await deps.audit.record({
      action: 'token.reuse-detected',
      result: 'failure',
      actor: { kind: 'client', id: clientId },
      clientId,
      ...(accountId === undefined ? {} : { identityId: accountId }),
    })
    const identity = accountId === undefined ? undefined : await deps.identities.get(accountId)
    const client = await deps.clients.find(clientId)
    const reader = readerOf(identity, { language: deps.config.languages[0] ?? 'en' })
    if (identity === undefined || client === undefined || reader === undefined) return
    await deps.messenger.send({
      template: 'token-reuse',
      ...reader,
      values: {
        application: clientName(client),
        at: deps.clock(),
        link: `${deps.config.issuer}/account/applications`,
        ...reusedFrom(),
      },
      about: { identityId: identity.id, client: clientId },
    })
  }
}

/** Whoever used it the second time: the application's server, or whoever copied the key. */
function reusedFrom(): { readonly address?: string } {
  const ctx = Provider.ctx as unknown as Context | undefined
  const { address } = ctx === undefined ? {} : placeOf(ctx)
  return address === undefined ? {} : { address }
}

function traced(ctx: KoaContextWithOIDC, event: AuditEvent): AuditEvent {
  return { ...event, actor: { ...event.actor, ...originOf(asContext(ctx)) } }
}

function tokenIssued({ oidc }: KoaContextWithOIDC): AuditEvent {
  const { client, account } = oidc
  const clientId = client?.clientId ?? ''
  const grantType = String(oidc.params?.grant_type)
  const token = oidc.entities.AccessToken ?? oidc.entities.ClientCredentials
  const sessionId = oidc.entities.AuthorizationCode?.sessionUid ?? oidc.entities.RefreshToken?.sessionUid
  return {
    action: grantType === 'refresh_token' ? 'token.refreshed' : 'token.issued',
    result: 'success',
    actor: { kind: 'client', id: clientId },
    clientId,
    ...(account === undefined ? {} : { identityId: account.accountId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    details: {
      grant: grantType,
      ...(token?.scope ? { scopes: token.scope.split(' ') } : {}),
      ...(typeof token?.aud === 'string' ? { resource: token.aud } : {}),
    },
  }
}

/** A sign-in that is followed by a consent page comes by twice: the second time it is only carried along. */
function sessionStarted({ oidc }: KoaContextWithOIDC): AuditEvent | undefined {
  const { Interaction: interaction } = oidc.entities
  const login = interaction?.result?.login
  if (login === undefined || interaction?.prompt.name === 'consent') return undefined
  const clientId = String(interaction?.params.client_id)
  const sessionId = oidc.session?.uid
  return {
    action: 'session.started',
    result: 'success',
    actor: { kind: 'identity', id: login.accountId },
    identityId: login.accountId,
    clientId,
    ...(sessionId === undefined ? {} : { sessionId }),
    details: { acr: login.acr ?? '', amr: login.amr ?? [], remembered: login.remember === true },
  }
}

function newSession(
  ctx: Context,
  { identityId = '', sessionId = '', clientId = '' }: AuditEvent,
): NewSession {
  const { device, language } = ctx.state as { device?: string; language: string }
  const { address = '', userAgent = '' } = placeOf(ctx)
  return { uid: sessionId, identityId, clientId, address, userAgent, language, device }
}

/** How the audit tells that a session is over. */
export function sessionEnded({ uid, identityId, clients }: EndedSession): AuditEvent {
  return {
    action: 'session.ended',
    result: 'success',
    actor: { kind: 'identity', id: identityId },
    identityId,
    sessionId: uid,
    details: { clients: clients.map(({ clientId }) => clientId) },
  }
}

function tokenRevoked(token: { accountId?: string | undefined; clientId?: string | undefined }): AuditEvent {
  const { accountId, clientId = '' } = token
  return {
    action: 'token.revoked',
    result: 'success',
    actor: { kind: 'client', id: clientId },
    clientId,
    ...(accountId === undefined ? {} : { identityId: accountId }),
  }
}

/** Only for clients that exist: a stranger's guesses go to the log, or they could fill the audit. */
function authenticationFailed(
  ctx: KoaContextWithOIDC,
  record: (ctx: KoaContextWithOIDC, event: AuditEvent) => void,
  failuresOf: FailureCount,
  deps: Deps,
): void {
  const clientId = ctx.oidc.client?.clientId
  if (clientId === undefined) {
    deps.log.warn(
      { route: ctx.oidc.route, traceId: asContext(ctx).state.traceId },
      'an unknown client tried to authenticate',
    )
    return
  }
  const count = failuresOf(clientId)
  if (count === undefined) return
  record(ctx, {
    action: 'client.authentication-failed',
    result: 'failure',
    actor: { kind: 'client', id: clientId },
    clientId,
    ...(count === 1 ? {} : { details: { count } }),
  })
}
