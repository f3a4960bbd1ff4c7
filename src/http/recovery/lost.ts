/**
 * Owns `/recovery/lost`: for whoever lost a way to sign in and still has others. They prove who they are with those, say what is lost, and get a code;
 * what comes of it is a page of its own (status.ts). The step pages are those of a sign-in; which step is next says the engine.
 */
import type { Current } from '../../authentication/index.ts'
import type { Requirement } from '../../domain/authentication.ts'
import type { Begun } from '../../recovery/recoveries/index.ts'
import { initialOf } from '../application.ts'
import { seeOther, type WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { inWords, lengthInWords, momentOf } from '../moments.ts'
import { get, type Handler, post, type Route } from '../routes.ts'
import { visitOf } from '../visit.ts'
import { createWalks, tellWaiting, type Walk, type Walks } from '../walk.ts'

const path = '/recovery/lost'
const requirement: Requirement = { level: 'two-factor', essential: true, recovery: true }

export function recoveryLostRoutes(deps: AppDependencies): readonly Route[] {
  const { authentication, web, random, settings } = deps
  const walks: Walks<Walk> = createWalks(deps, {
    done: (walk, now) => (now === undefined ? walks.show(walk) : lostPage(deps, walk, now)),
    refused: (walk, now) => stuckPage(deps, walk, now),
    lost: ({ place: { ctx } }) => gonePage(deps, ctx),
  })
  const at = `${path}/:process`
  const walking =
    (handle: (walk: Walk, ctx: WebContext) => Promise<void>): Handler =>
    (ctx) =>
      handle(walkOf(deps, ctx), ctx)

  async function begin(ctx: WebContext): Promise<void> {
    const id = random(16)
    const lifetime = settings.recovery.process_lifetime
    await authentication.open(askerOf(ctx, id), { requirement, lifetime })
    seeOther(ctx, `${path}/${id}`)
  }

  async function waiting(ctx: WebContext): Promise<void> {
    tellWaiting(ctx, await authentication.waiting(askerOf(ctx, ctx.params.process ?? '')))
  }

  const back = async ({ place }: Walk) => seeOther(place.ctx, place.base)

  async function restart({ asker, place }: Walk): Promise<void> {
    await authentication.restart(asker)
    seeOther(place.ctx, place.base)
  }

  return [
    get(path, {}, (ctx) => {
      const t = web.words.translate(ctx.state.language)
      const delay = lengthInWords(settings.recovery.delay, ctx.state.language)
      web.render(ctx, { view: 'recovery/lost', title: t('recoveries:lost.title'), values: { delay } })
    }),
    // Each one is a row for a day.
    post(path, { limit: 'message' }, begin),
    get(at, {}, walking(walks.show)),
    get(`${at}/waiting`, { json: true }, waiting),
    post(`${at}/identify`, {}, walking(walks.identify)),
    post(`${at}/choose`, {}, walking(walks.choose)),
    post(
      `${at}/prove/:factor`,
      {},
      walking((walk, ctx) => walks.prove(walk, ctx.params.factor ?? '')),
    ),
    post(`${at}/restart`, {}, walking(restart)),
    // A page with a mistake has the address of the answer: a tab that is opened there again is where the recovery is.
    ...['identify', 'choose', 'prove/:factor'].map((answer) => get(`${at}/${answer}`, {}, walking(back))),
    post(`${at}/cancel`, {}, (ctx) => seeOther(ctx, '/recovery')),
    // It sends messages.
    post(
      `${at}/begin`,
      { limit: 'message' },
      walking((walk, ctx) => start(deps, walk, ctx)),
    ),
  ]
}

function askerOf(ctx: WebContext, id: string) {
  return { consumer: `recovery:${id}`, browser: ctx.state.browser }
}

function walkOf(deps: AppDependencies, ctx: WebContext): Walk {
  const { web, settings } = deps
  const id = ctx.params.process ?? ''
  const base = `${path}/${encodeURIComponent(id)}`
  const t = web.words.translate(ctx.state.language)
  const { name } = settings.brand
  const nothing = { logo: undefined, policy: undefined, terms: undefined, home: undefined }
  ctx.state.page = base
  return {
    asker: askerOf(ctx, id),
    visit: visitOf(deps, ctx, name),
    place: {
      ctx,
      base,
      application: { name, initial: initialOf(name), unverified: false, ...nothing },
      sources: {},
      more: {
        who: t('recoveries:steps.who'),
        welcome: t('recoveries:steps.prove'),
        lead: t('recoveries:steps.lead'),
        offerRemember: false,
      },
    },
  }
}

/** Enough was proved: what is lost? */
async function lostPage({ web, enrolments }: AppDependencies, walk: Walk, now: Current): Promise<void> {
  const { ctx, base } = walk.place
  const { language } = ctx.state
  const t = web.words.translate(language)
  if (now.identity === undefined) return seeOther(ctx, path)
  const own = await enrolments.list(now.identity.id)
  web.render(ctx, {
    view: 'recovery/what-is-lost',
    title: t('recoveries:what.title'),
    values: {
      scripts: ['local-time.js'],
      base,
      own: own.map(({ id, factor, label, createdAt }) => ({
        id,
        name: label ?? t(`factors:${factor}.name`),
        kind: label === undefined ? undefined : t(`factors:${factor}.name`),
        since: momentOf(createdAt, language),
      })),
    },
  })
}

/** Nothing that is left gets them any further: other people have to look. */
function stuckPage(
  { web, cases }: AppDependencies,
  { place: { ctx, base } }: Walk,
  { step }: Current,
): boolean {
  if (step.kind !== 'refused' || step.reason !== 'unreachable') return false
  const t = web.words.translate(ctx.state.language)
  const values = { base, cases: cases.settings.enabled }
  web.render(ctx, { view: 'recovery/stuck', title: t('recoveries:stuck.title'), status: 403, values })
  return true
}

/** Of a way back in that is over, or never was. */
export function gonePage({ web }: AppDependencies, ctx: WebContext): void {
  const t = web.words.translate(ctx.state.language)
  web.render(ctx, { view: 'recovery/lost-gone', title: t('recoveries:gone.title'), status: 410 })
}

/** From here on everybody is told. The code stands on the page that follows, and nowhere else. */
async function start(deps: AppDependencies, walk: Walk, ctx: WebContext): Promise<void> {
  const { authentication, recoveries } = deps
  const { asker, visit, place } = walk
  const result = await authentication.redeem(asker)
  // Not there yet, or posted twice: the page of the process, or of the recovery, says how it stands.
  if (result === undefined) {
    const runs = await recoveries.find({ browser: ctx.state.browser })
    return seeOther(ctx, runs === undefined ? place.base : '/recovery/status')
  }
  const lost = Object.entries(ctx.state.form)
    .filter(([name]) => name.startsWith('lost-'))
    .map(([, id]) => id)
  const { application: _application, ...origin } = visit
  const claimant = { ...origin, browser: ctx.state.browser }
  begunPage(deps, ctx, await recoveries.begin(result.identityId, { result, lost }, claimant))
}

function begunPage(deps: AppDependencies, ctx: WebContext, begun: Begun & { code?: string }): void {
  const { web, clock } = deps
  const { language } = ctx.state
  const t = web.words.translate(language)
  ctx.state.page = '/recovery/status'
  if (begun.status === 'contested') {
    const heading = t('recoveries:status.contested.heading')
    web.render(ctx, { view: 'recovery/second', title: heading, status: 409, values: { heading } })
    return
  }
  web.render(ctx, {
    view: 'recovery/begun',
    title: t('recoveries:begun.title'),
    status: 201,
    values: {
      scripts: ['local-time.js'],
      code: begun.code,
      ready: begun.status === 'ready',
      due: momentOf(begun.dueAt, language),
      wait: inWords(Math.max(1, begun.dueAt - clock()), language),
    },
  })
}
