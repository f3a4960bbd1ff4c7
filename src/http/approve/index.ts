/**
 * Owns `/approve`: the small web app that people add on their phone, and what it asks for. Its requests are signed by the phone's own key; what a
 * phone may do knows the engine. The page is one for everybody: who uses it knows only the phone.
 */
import type { Signed, SignedDevices, Unheard } from '../../authentication/signed-devices.ts'
import type { Recovery } from '../../domain/recovery.ts'
import { queryValue, type WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { deviceShown } from '../device.ts'
import { addressShown } from '../place.ts'
import { get, post, type Route } from '../routes.ts'
import { visitOf } from '../visit.ts'
import { createApprovePage } from './page.ts'

type Question = NonNullable<
  Extract<Awaited<ReturnType<SignedDevices['look']>>, { status: 'heard' }>['question']
>

// The first two are part of every phone's life: it waits to be confirmed, and its clock is wrong.
const unheardStatus = { unknown: 200, late: 200, wrong: 400 } as const

export function approveRoutes(deps: AppDependencies): readonly Route[] {
  if (!deps.factors.some((factor) => factor.device !== undefined)) return []
  const page = createApprovePage(deps)
  const { devices } = deps.authentication
  const options = { signed: true, json: true } as const
  return [
    get('/approve', {}, page.show),
    get('/approve/app.webmanifest', {}, page.manifest),
    get('/approve/worker.js', {}, page.worker),
    get('/approve/waiting', { json: true }, async (ctx) => {
      const followed = await devices.isFollowed(queryValue(ctx, 'invitation') ?? '')
      answer(deps, ctx, { state: followed ? 'answered' : 'waiting' })
    }),
    post('/approve/invitation', options, async (ctx) => {
      const invitation = await devices.invitation(ctx.state.form.invitation ?? '')
      answer(deps, ctx, invitation === undefined ? { status: 'gone' } : { status: 'open', ...invitation })
    }),
    post('/approve/phones', options, async (ctx) =>
      answer(deps, ctx, await devices.follow(signedIn(deps, ctx))),
    ),
    post('/approve/requests', options, async (ctx) => {
      const heard = await devices.look(signedIn(deps, ctx))
      if (heard.status !== 'heard') return unheard(deps, ctx, heard)
      const { status, reachable, question, identityId } = heard
      const recovery = await deps.recoveries.lately(identityId)
      answer(deps, ctx, {
        status,
        reachable,
        ...(question === undefined ? {} : { request: shown(deps, ctx, question) }),
        ...(recovery === undefined ? {} : { recovery: recoveryShown(deps, ctx, recovery) }),
      })
    }),
    post('/approve/answers', options, async (ctx) => {
      const visit = visitOf(deps, ctx)
      const reply = await devices.answer(signedIn(deps, ctx), visit)
      return isUnheard(reply) ? unheard(deps, ctx, reply) : answer(deps, ctx, reply)
    }),
    post('/approve/objections', options, async (ctx) => {
      const heard = await devices.hear(signedIn(deps, ctx))
      if (heard.status !== 'heard') return unheard(deps, ctx, heard)
      const { identityId, form } = heard
      const visit = visitOf(deps, ctx)
      const stopped = await deps.objections.stopRecovery(identityId, form.recovery ?? '', visit)
      answer(deps, ctx, { status: stopped ? 'contested' : 'gone' })
    }),
    post('/approve/subscriptions', options, async (ctx) => {
      const kept = await devices.reachable(signedIn(deps, ctx))
      return isUnheard(kept) ? unheard(deps, ctx, kept) : answer(deps, ctx, kept)
    }),
  ]
}

function signedIn({ settings }: AppDependencies, { path, method, state }: WebContext): Signed {
  // The issuer's address and not the request's own: a signature for this server is good at no other.
  return { text: state.form.signed ?? '', purpose: { method, url: `${settings.issuer}${path}` } }
}

/** With each answer the time: phones whose clock is wrong go by ours. */
function answer({ clock }: AppDependencies, ctx: WebContext, body: object): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { ...body, now: clock() }
}

function isUnheard(reply: { readonly status: string }): reply is Unheard {
  return reply.status in unheardStatus
}

function unheard(deps: AppDependencies, ctx: WebContext, { status }: Unheard): void {
  ctx.status = unheardStatus[status]
  answer(deps, ctx, { status })
}

/** What the portal shows of it, for whoever has the phone. */
function recoveryShown({ web, places }: AppDependencies, ctx: WebContext, recovery: Recovery) {
  const { id, state, reviewed, address, userAgent, startedAt, dueAt, endedAt } = recovery
  const { language } = ctx.state
  return {
    id,
    // Reviewed by two people it cannot be stopped from here any more.
    state: reviewed && state !== 'completed' ? 'reviewed' : state,
    address: addressShown(address, language, places),
    device: deviceShown(userAgent, web.words.translate(language)).name,
    at: endedAt ?? startedAt,
    due: dueAt,
  }
}

function shown({ web, clock, places }: AppDependencies, ctx: WebContext, question: Question) {
  const { id, application, address, userAgent, at, until } = question
  const { language } = ctx.state
  const device = deviceShown(userAgent, web.words.translate(language))
  return {
    id,
    application: application ?? web.settings.brand.name,
    address: addressShown(address, language, places),
    device: device.name,
    at,
    seconds: Math.max(0, Math.ceil((until - clock()) / 1_000)),
  }
}
