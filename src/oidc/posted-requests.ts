import type { Context } from 'koa'
import { errors, type Provider } from 'oidc-provider'
import type { Clock, Random } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'

/** A request line of this many characters is safe everywhere; longer requests are kept here and fetched by a reference. */
const longestQuery = 6_000
const longestBody = 56 * 1024
const keptFor = 60_000
const purpose = 'posted-request'

export interface PostedRequestDeps {
  readonly store: Pick<Store, 'artifacts'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
}

/**
 * POST at the authorization and end-session endpoints (OIDC Core 3.1.2.1, RP-Initiated Logout 2). A cross-site POST brings no `Lax` cookie, so
 * it is answered with 303 to the same request as GET, which does. Repeated parameters stay repeated: the duplicate check must see them.
 */
export interface PostedRequests {
  /** Answers a POST. Throws an OAuth error for a body that is no form, or too large, or long and not from a known client. */
  redirect(ctx: Context, provider: Provider): Promise<void>
  /** Puts a kept request in the place of the reference that stands for it; the reference works once. */
  restore(ctx: Context): Promise<void>
}

export function createPostedRequests(deps: PostedRequestDeps): PostedRequests {
  const idOf = (reference: string) => `PostedRequest:${deps.digest(reference)}`

  async function keep(query: string): Promise<string> {
    const reference = deps.random(32)
    const id = idOf(reference)
    const sealed = deps.vault.seal(purpose, query, id)
    await deps.store.artifacts.insert({ id, sealed, expiresAt: deps.clock() + keptFor })
    return new URLSearchParams({ posted: reference }).toString()
  }

  return {
    async redirect(ctx, provider) {
      const params = new URLSearchParams(await formOf(ctx))
      const query = params.toString()
      if (query.length > longestQuery) await verifyClient(params, ctx.path, provider)
      const target = query.length > longestQuery ? await keep(query) : query
      ctx.status = 303
      ctx.set({ Location: `${ctx.path}?${target}`, 'Cache-Control': 'no-store' })
      ctx.body = ''
    },
    async restore(ctx) {
      const reference = ctx.query.posted
      if (typeof reference !== 'string') return
      const kept = await deps.store.artifacts.take(idOf(reference))
      if (kept !== undefined) ctx.querystring = deps.vault.open(purpose, kept.sealed, kept.id)
    },
  }
}

async function formOf(ctx: Context): Promise<string> {
  if (!ctx.is('application/x-www-form-urlencoded')) throw new errors.InvalidRequest('the body must be a form')
  const chunks: Buffer[] = []
  let received = 0
  for await (const chunk of ctx.req) {
    received += chunk.length
    if (received > longestBody) throw new errors.InvalidRequest('the body is too large', 413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Nothing is stored for whoever cannot name a client and one of its addresses. */
async function verifyClient(params: URLSearchParams, path: string, provider: Provider): Promise<void> {
  const client = await provider.Client.find(params.get('client_id') ?? '')
  if (client === undefined) throw new errors.InvalidClient('client is invalid', 'client not found')
  const [name, allowed] =
    path === '/authorize'
      ? (['redirect_uri', client.redirectUriAllowed] as const)
      : (['post_logout_redirect_uri', client.postLogoutRedirectUriAllowed] as const)
  const uri = params.get(name)
  if (uri === null || !allowed.call(client, uri)) throw new errors.InvalidRedirectUri()
}
