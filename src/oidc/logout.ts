import type { Context } from 'koa'
import type { Configuration, ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { Problem } from '../domain/problem.ts'
import { clientOf } from './clients.ts'
import type { CurrentSession } from './current-session.ts'
import { machinePaths } from './machine-paths.ts'
import type { Pages } from './pages.ts'
import type { SubjectOf } from './token-policies.ts'

/** Ends the session of this request: tokens, relying parties and the cookie too. */
export type EndSession = (ctx: KoaContextWithOIDC) => Promise<void>

/** What the library remembers in the session between the two halves of a sign-out. */
interface SignOutState {
  readonly secret: string
  readonly clientId?: string
  readonly state?: string
  readonly postLogoutRedirectUri?: string
}

type SignOutPages = Pick<
  NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>,
  'logoutSource' | 'postLogoutSuccessSource'
>

interface SignOutParts {
  readonly currentSession: (ctx: Context) => Promise<CurrentSession | undefined>
  readonly endSession: EndSession
  readonly subjectOf: SubjectOf
}

/**
 * RP-Initiated Logout 1.0. An `id_token_hint` of the person who is signed in proves that their application asks: it is done at once.
 * Everybody else is asked first (S20).
 */
export function createSignOutPages(
  pages: Pages,
  { currentSession, endSession, subjectOf }: SignOutParts,
): SignOutPages {
  return {
    async logoutSource(ctx) {
      if (isProvedByHint(ctx, subjectOf)) {
        await endSession(ctx)
        returnToClient(ctx)
        return
      }
      const client = clientOf(ctx.oidc.client)
      await pages.signOut(asContext(ctx), {
        action: ctx.oidc.urlFor('end_session_confirm'),
        xsrf: stateOf(ctx).secret,
        clientAsked: client !== undefined,
        ...(client === undefined ? {} : { client }),
      })
    },
    async postLogoutSuccessSource(ctx) {
      const client = clientOf(ctx.oidc.client)
      // Asked, and stayed.
      const signedIn = (await currentSession(asContext(ctx))) !== undefined
      await pages.signedOut(asContext(ctx), { signedIn, ...(client === undefined ? {} : { client }) })
    },
  }
}

function isProvedByHint({ oidc }: KoaContextWithOIDC, subjectOf: SubjectOf): boolean {
  const { IdTokenHint: hint } = oidc.entities
  const { client, session } = oidc
  if (hint === undefined || client === undefined || session?.accountId === undefined) return false
  return hint.payload.sub === subjectOf(session.accountId, client)
}

/** What the library gets wrong about its own answers at the end-session endpoint; call it when it is done. */
export function correctSignOut(ctx: KoaContextWithOIDC): void {
  const { oidc } = ctx
  const state = oidc?.session?.state
  if (state === undefined) return
  const signedIn = oidc.session?.accountId !== undefined
  // With nobody signed in there is nothing to ask: it answers with a form that a script sends.
  if (oidc.route === 'end_session' && ctx.status === 200 && !signedIn) returnToClient(ctx)
  // Whoever stays signed in, and came from no application, is told that they were signed out.
  if (oidc.route === 'end_session_confirm' && ctx.status === 303 && oidc.params?.logout === undefined) {
    if (signedIn && state.clientId === undefined) ctx.redirect(`${oidc.issuer}/account`)
  }
}

function returnToClient(ctx: KoaContextWithOIDC): void {
  const { postLogoutRedirectUri, state, clientId } = stateOf(ctx)
  const target = new URL(postLogoutRedirectUri ?? ctx.oidc.urlFor('end_session_success'))
  if (postLogoutRedirectUri === undefined && clientId !== undefined)
    target.searchParams.set('client_id', clientId)
  if (postLogoutRedirectUri !== undefined && state !== undefined) target.searchParams.set('state', state)
  ctx.status = 303
  ctx.redirect(target.href)
}

function stateOf(ctx: KoaContextWithOIDC): SignOutState {
  return ctx.oidc.session?.state as unknown as SignOutState
}

/** Errors that go to a person and not to a client. An answer to an old question, because another tab asked since, is asked for again. */
export function createRenderError(pages: Pages) {
  return async (ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void> => {
    if (machinePaths.has(ctx.path)) {
      ctx.body = out
      return
    }
    if (ctx.oidc.route === 'end_session_confirm' && error instanceof errors.InvalidRequest) {
      ctx.status = 303
      ctx.redirect('/logout')
      return
    }
    const client = clientOf(await clientConcerned(ctx))
    await pages.error(asContext(ctx), {
      error: codeOf(out, error),
      ...(out.error_description === undefined ? {} : { error_description: out.error_description }),
      ...(client === undefined ? {} : { client }),
      status: error instanceof Problem ? error.status : ctx.status,
    })
  }
}

function codeOf(out: ErrorOut, error: Error): string {
  if (error instanceof Problem) return error.code
  return error instanceof errors.SessionNotFound ? 'interaction-lost' : out.error
}

async function clientConcerned({ oidc }: KoaContextWithOIDC): Promise<object | undefined> {
  if (oidc.client !== undefined) return oidc.client
  const id = oidc.entities.Interaction?.params.client_id
  return typeof id === 'string' ? oidc.provider.Client.find(id) : undefined
}

/** The library's context is the one that the entrance made, by another type. */
export function asContext(ctx: KoaContextWithOIDC): Context {
  return ctx as unknown as Context
}
