/**
 * Owns who may see a page of the portal or the console. Both are ordinary clients of ourselves: without a living session the browser goes through
 * the authorization endpoint (`response_type=none`) and comes back to the callback, which sends it on to the page it wanted. What a page does is not here.
 */
import { acrOf, assess, type Level, type Proof, reaches } from '../domain/assurance.ts'
import type { Actor } from '../domain/audit-event.ts'
import { displayName, type Identity } from '../domain/identity.ts'
import type { Recovery } from '../domain/recovery.ts'
import { type Duration, minute, second } from '../domain/time.ts'
import type { CurrentSession } from '../oidc/index.ts'
import { queryValue, seeOther, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { preferLanguage } from './language.ts'
import { openReturn, sealReturn } from './return-state.ts'
import type { Handler } from './routes.ts'

export interface Area {
  readonly base: '/account' | '/admin'
  readonly clientId: string
  /** Whoever may not gets the 403 of `refuse`. */
  readonly allows?: (identity: Identity) => boolean
  readonly refuse?: (ctx: WebContext) => void
}

/** A request by somebody who is signed in. */
export interface SignedIn {
  readonly ctx: WebContext
  readonly session: CurrentSession
  readonly identity: Identity
  /** Somebody tries to get back into their account: every page of the portal says so. */
  readonly recovery?: Recovery | undefined
}

export type SignedInHandler = (page: SignedIn) => Promise<void> | void

export interface Guard {
  /** Needs a living session, what the area asks for, and what the policy asks for its client. */
  readonly signedIn: (handle: SignedInHandler) => Handler
  /**
   * Needs a sign-in of the last five minutes, with the strongest that the person has (S18, S30), and what the policy asks for privileged
   * actions. A form that comes too late leads to a new
   * sign-in and back to the same address by GET: every path with a fresh POST has a GET too.
   */
  readonly fresh: (handle: SignedInHandler) => Handler
  /** Where the authorization endpoint answers. */
  readonly callback: Handler
}

const freshFor: Duration = 5 * minute
/** By which the clocks of two processes may differ. */
const skew: Duration = 15 * second
/** A page with a form must leave time to fill it in. */
const freshForPage: Duration = 3 * minute

export function createGuard(deps: AppDependencies, area: Area): Guard {
  const { oidc, identities, authentication, settings, clock } = deps

  async function personOf(ctx: WebContext): Promise<SignedIn | undefined> {
    const session = await oidc.currentSession(ctx as never)
    if (session === undefined) return undefined
    const [identity, recovery] = await Promise.all([
      identities.get(session.identityId),
      area.base === '/account' ? deps.recoveries.of(session.identityId) : undefined,
    ])
    return identity && { ctx, session, identity, recovery }
  }

  /** A session that was opened for another application, or before a rule was there, may be too weak or too old, as at the authorization endpoint. */
  function does({ ctx, session }: SignedIn, privileged: boolean): Promise<boolean> {
    const { address, device } = ctx.state
    const from = { address, ...(device === undefined ? {} : { device }) }
    return authentication.enough({ ...session, ...from, clientId: area.clientId, privileged })
  }

  async function isFresh(page: SignedIn, within: Duration): Promise<boolean> {
    const { session, identity } = page
    const age = clock() - session.authTime
    // A sign-in that is still to come was made before a clock was set back: nobody can tell how long ago that was.
    if (age > within || age < -skew) return false
    if (!reaches(session.level, await highestLevel(deps, identity.id))) return false
    return does(page, true)
  }

  /** Off to the authorization endpoint; a fresh sign-in is asked for by name, so that it never depends on whose clock is right. */
  async function signIn(ctx: WebContext, again?: SignedIn): Promise<void> {
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD'
    const to = reads || again !== undefined ? (reads ? ctx.url : ctx.path) : area.base
    const state = sealReturn(
      ctx.state.browser,
      again === undefined ? { to } : { to, fresh: again.identity.id },
    )
    const parameters = new URLSearchParams({
      client_id: area.clientId,
      response_type: 'none',
      scope: 'openid',
      redirect_uri: `${settings.issuer}${area.base}/callback`,
      state,
      ...(again === undefined ? {} : await stepUp(again.identity)),
    })
    seeOther(ctx, `/authorize?${parameters}`)
  }

  async function stepUp(identity: Identity): Promise<Record<string, string>> {
    const level = await highestLevel(deps, identity.id)
    const hint = identity.identifiers[0]?.written
    return {
      prompt: 'login',
      ...(level === 'none' ? {} : { acr_values: acrOf(level) }),
      ...(hint === undefined ? {} : { login_hint: hint }),
    }
  }

  function guarded(handle: SignedInHandler, isEnough?: (page: SignedIn) => Promise<boolean>): Handler {
    return async (ctx) => {
      const page = await personOf(ctx)
      if (page === undefined) return signIn(ctx)
      preferLanguage(ctx, deps.web, page.identity.claims.locale)
      if (area.allows?.(page.identity) === false) return area.refuse?.(ctx)
      if (isEnough !== undefined) return (await isEnough(page)) ? handle(page) : signIn(ctx, page)
      // Nothing is asked for by name: the authorization endpoint judges as we do, and asks for what is missing.
      return (await does(page, false)) ? handle(page) : signIn(ctx)
    }
  }

  async function callback(ctx: WebContext): Promise<void> {
    const back = openReturn(ctx.state.browser, queryValue(ctx, 'state'), area.base)
    const page = await personOf(ctx)
    const sent = queryValue(ctx, 'iss') === settings.issuer && queryValue(ctx, 'error') === undefined
    const enough = page !== undefined && (back?.fresh === undefined || (await isFresh(page, freshFor)))
    // Only a page that somebody clicks on leads on from here: two redirects that wait for each other would never end.
    if (back === undefined || !sent || !enough) return stopped(deps, ctx, back?.to ?? area.base)
    // Whoever came back as somebody else did not ask for that page.
    seeOther(ctx, back.fresh === undefined || back.fresh === page.identity.id ? back.to : area.base)
  }

  return {
    signedIn: (handle) => guarded(handle),
    fresh: (handle) =>
      guarded(handle, (page) => isFresh(page, page.ctx.method === 'POST' ? freshFor : freshForPage)),
    callback,
  }
}

/** What the person could reach with all that they enrolled. */
async function highestLevel(
  { enrolments, factors, clock }: AppDependencies,
  identityId: string,
): Promise<Level> {
  const credentials = await enrolments.list(identityId)
  const proofs = credentials.flatMap(({ id, factor: name, channel, ceiling, strength: own }): Proof[] => {
    const factor = factors.find((one) => one.name === name)
    // Nobody spends a code on paper to look at their own account.
    if (factor === undefined || factor.standIn) return []
    const over = channel ?? factor.channel
    const bounds = { ...(over === undefined ? {} : { channel: over }), ...(ceiling && { ceiling }) }
    const strength = { ...factor, ...own, ...bounds }
    return [{ ...strength, factor: name, credentialId: id, at: clock() }]
  })
  return assess(proofs).level
}

/** The sign-in did not come to what the page needs: cancelled, refused, another browser's, or not strong enough. */
function stopped({ web }: AppDependencies, ctx: WebContext, to: string): void {
  const t = web.words.translate(ctx.state.language)
  const cancelled = queryValue(ctx, 'error') === 'access_denied'
  const key = cancelled ? 'account:stopped.cancelled' : 'account:stopped.failed'
  web.render(ctx, {
    view: 'error',
    title: t(`${key}.heading`),
    status: cancelled ? 403 : 400,
    values: {
      heading: t(`${key}.heading`),
      text: t(`${key}.text`),
      advice: undefined,
      details: undefined,
      again: { href: to, text: t('account:stopped.again') },
    },
  })
}

/** Who does it and from where, as the audit records it. */
export function actorOf({ ctx, identity }: SignedIn): Actor & { readonly id: string } {
  const { address, traceId } = ctx.state
  return {
    kind: 'identity',
    id: identity.id,
    address,
    userAgent: ctx.get('User-Agent').slice(0, 512),
    traceId,
  }
}

/** How the bar at the top names the person. */
export function personShown({ identity }: SignedIn): { readonly name: string; readonly initial: string } {
  const name = displayName(identity)
  return { name, initial: (name.match(/[\p{L}\p{N}]/u)?.[0] ?? '?').toLocaleUpperCase() }
}
