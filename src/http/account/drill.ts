import type { Current } from '../../authentication/index.ts'
import type { Requirement } from '../../domain/authentication.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { lengthInWords } from '../moments.ts'
import { get, post, type Route } from '../routes.ts'
import { actorOf, type Guard, type SignedIn } from '../session.ts'
import { visitOf } from '../visit.ts'
import { createWalks, tellWaiting, type Walk, type Walks } from '../walk.ts'
import { lastDrill } from './health.ts'
import type { Portal } from './portal.ts'

export const drillPath = '/account/security/drill'
const tryPath = `${drillPath}/try`
const resultPath = `${drillPath}/result`

type Drill = Walk & { readonly page: SignedIn }

/**
 * The fire drill: a recovery of one's own account with everything but its end. Nothing is used up, nobody is told, and nothing comes of it but the
 * knowledge whether it would have worked. How it ended is in the audit, and from there on the page.
 */
export function drillRoutes(deps: AppDependencies, portal: Portal, { signedIn }: Guard): readonly Route[] {
  const { authentication, audit, web } = deps
  const title = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)('security:drill.title')

  /** Recorded, and over: whoever tries again begins anew. */
  async function end(page: SignedIn, { step, proved }: Pick<Current, 'step' | 'proved'>): Promise<void> {
    await audit.record({
      action: 'recovery.drilled',
      result: step.kind === 'done' ? 'success' : 'failure',
      actor: actorOf(page),
      identityId: page.identity.id,
      details: { factors: proved },
    })
    await authentication.restart(askerOf(page))
    seeOther(page.ctx, resultPath)
  }

  async function introduce(page: SignedIn): Promise<void> {
    const values = { drill: await lastDrill(deps, page) }
    portal(page, { view: 'drill', place: 'security', title: title(page), values })
  }

  async function begin(page: SignedIn): Promise<void> {
    await authentication.open(askerOf(page), { requirement: requirementOf(page) })
    await authentication.restart(askerOf(page))
    seeOther(page.ctx, tryPath)
  }

  /** "I have nothing else": how far they came is how it ended. */
  async function giveUp(page: SignedIn): Promise<void> {
    const { asker, visit } = walkOf(deps, page)
    const now = await authentication.current(asker, visit)
    if (now === undefined) return seeOther(page.ctx, drillPath)
    await end(page, now)
  }

  async function showResult(page: SignedIn): Promise<void> {
    const drill = await lastDrill(deps, page)
    if (drill === undefined) return seeOther(page.ctx, drillPath)
    const delay = lengthInWords(deps.settings.recovery.delay, page.ctx.state.language)
    portal(page, { view: 'drill-result', place: 'security', title: title(page), values: { drill, delay } })
  }

  async function waiting(page: SignedIn): Promise<void> {
    tellWaiting(page.ctx, await authentication.waiting(askerOf(page)))
  }

  const walks: Walks<Drill> = createWalks(deps, {
    // Another tab may have ended it, and begun anew.
    done: (walk, now) => (now === undefined ? walks.show(walk) : end(walk.page, now)),
    async refused({ page }, now) {
      const isShort = now.step.kind === 'refused' && now.step.reason === 'unreachable'
      await (isShort ? end(page, now) : seeOther(page.ctx, drillPath))
      return true
    },
    lost: ({ page }) => seeOther(page.ctx, drillPath),
  })
  const walk = (page: SignedIn) => walkOf(deps, page)
  const back = signedIn(({ ctx }) => seeOther(ctx, tryPath))

  return [
    get(drillPath, {}, signedIn(introduce)),
    post(drillPath, {}, signedIn(begin)),
    get(
      tryPath,
      {},
      signedIn((page) => walks.show(walk(page))),
    ),
    get(`${tryPath}/waiting`, { json: true }, signedIn(waiting)),
    post(
      `${tryPath}/choose`,
      {},
      signedIn((page) => walks.choose(walk(page))),
    ),
    post(
      `${tryPath}/prove/:factor`,
      {},
      signedIn((page) => walks.prove(walk(page), page.ctx.params.factor ?? '')),
    ),
    post(`${tryPath}/give-up`, {}, signedIn(giveUp)),
    post(
      `${tryPath}/cancel`,
      {},
      signedIn(({ ctx }) => seeOther(ctx, '/account/security')),
    ),
    // A page with a mistake has the address of the answer: a tab that is opened there again is where the drill is.
    get(`${tryPath}/choose`, {}, back),
    get(`${tryPath}/prove/:factor`, {}, back),
    get(resultPath, {}, signedIn(showResult)),
  ]
}

/** One at a time in each place where somebody is signed in. */
function askerOf({ ctx, identity, session }: SignedIn) {
  return { consumer: `drill:${identity.id}:${session.uid}`, browser: ctx.state.browser }
}

function requirementOf({ identity }: SignedIn): Requirement {
  return { level: 'two-factor', essential: true, identityId: identity.id, recovery: true, drill: true }
}

/** The pages of a sign-in, in other words. */
function walkOf(deps: AppDependencies, page: SignedIn): Drill {
  const { web, settings } = deps
  const { ctx } = page
  const t = web.words.translate(ctx.state.language)
  ctx.state.page = tryPath
  const name = t('account:security.title')
  const nothing = { logo: undefined, policy: undefined, terms: undefined, home: undefined }
  return {
    page,
    asker: askerOf(page),
    visit: visitOf(deps, ctx, settings.brand.name),
    place: {
      ctx,
      base: tryPath,
      application: { name, initial: name.slice(0, 1), unverified: false, ...nothing },
      sources: {},
      more: {
        heading: t('security:drill.ask'),
        lead: t('security:drill.lead'),
        note: t('security:drill.note'),
        giveUp: t('security:drill.give-up'),
        mayChange: false,
        offerRemember: false,
      },
    },
  }
}
