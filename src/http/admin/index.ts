/**
 * Owns the console: what administrators see and change of others. Only the role lets in; what changes something needs a fresh sign-in and says first
 * what it will do. It hands over to the services, field by field; who may come in says http/session.ts.
 */
import type { WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { get, post, type Route } from '../routes.ts'
import { createGuard } from '../session.ts'
import type { Web } from '../web.ts'
import { createCaseDecisions } from './case-decision.ts'
import { createCasePages } from './cases.ts'
import { createClientCreation } from './client-creation.ts'
import { createClientPages } from './clients.ts'
import { createFrame, type Frame } from './frame.ts'
import { createOverviewPage } from './overview.ts'
import { createPeoplePages } from './people.ts'
import { createPersonCreation } from './person-creation.ts'
import { createReviewerPages } from './reviewers.ts'

/** Cases of people who want back in: for reviewers, who need not be administrators. */
function caseRoutes(deps: AppDependencies, frame: Frame): readonly Route[] {
  if (!deps.cases.settings.enabled) return []
  const { signedIn, fresh } = createGuard(deps, {
    base: '/admin',
    clientId: 'signet-console',
    allows: ({ roles }) => roles.includes('reviewer') || roles.includes('administrator'),
    refuse: (ctx) => forbidden(deps.web, ctx),
  })
  const cases = createCasePages(deps, frame)
  const { ask, approve, refuse } = createCaseDecisions(deps, frame)
  return [
    get('/admin/cases', {}, signedIn(cases.list)),
    get('/admin/cases/:case', {}, signedIn(cases.show)),
    get('/admin/cases/:case/files/:file', {}, signedIn(cases.file)),
    get('/admin/cases/:case/ask', {}, fresh(ask.ask)),
    post('/admin/cases/:case/ask', { limit: 'message' }, fresh(ask.do)),
    get('/admin/cases/:case/approve', {}, fresh(approve.ask)),
    post('/admin/cases/:case/approve', { limit: 'message' }, fresh(approve.do)),
    get('/admin/cases/:case/refuse', {}, fresh(refuse.ask)),
    post('/admin/cases/:case/refuse', { limit: 'message' }, fresh(refuse.do)),
  ]
}

/** Its route table. Each POST has a GET at the same address, which says what it will do. */
export function adminRoutes(deps: AppDependencies): readonly Route[] {
  const { signedIn, fresh, callback } = createGuard(deps, {
    base: '/admin',
    clientId: 'signet-console',
    allows: ({ roles }) => roles.includes('administrator'),
    refuse: (ctx) => forbidden(deps.web, ctx),
  })
  const frame = createFrame(deps.web, { hasCases: deps.cases.settings.enabled })
  const overview = createOverviewPage(deps, frame)
  const clients = createClientPages(deps, frame)
  const newClient = createClientCreation(deps, frame)
  const people = createPeoplePages(deps, frame)
  const newPerson = createPersonCreation(deps, frame)
  const reviewers = createReviewerPages(deps, frame)

  return [
    get('/admin', {}, signedIn(overview)),
    get('/admin/callback', {}, callback),
    get('/admin/clients', {}, signedIn(clients.list)),
    get('/admin/clients/new', {}, fresh(newClient.form)),
    post('/admin/clients/new', {}, fresh(newClient.create)),
    get('/admin/clients/:client', {}, signedIn(clients.show)),
    get('/admin/clients/:client/disable', {}, fresh(clients.disable.ask)),
    post('/admin/clients/:client/disable', {}, fresh(clients.disable.do)),
    get('/admin/clients/:client/enable', {}, fresh(clients.enable.ask)),
    post('/admin/clients/:client/enable', {}, fresh(clients.enable.do)),
    get('/admin/people', {}, signedIn(people.list)),
    get('/admin/people/new', {}, fresh(newPerson.form)),
    post('/admin/people/new', { limit: 'message' }, fresh(newPerson.create)),
    get('/admin/people/:identity', {}, signedIn(people.show)),
    get('/admin/people/:identity/suspend', {}, fresh(people.suspend.ask)),
    post('/admin/people/:identity/suspend', {}, fresh(people.suspend.do)),
    get('/admin/people/:identity/restore', {}, fresh(people.restore.ask)),
    post('/admin/people/:identity/restore', {}, fresh(people.restore.do)),
    get('/admin/people/:identity/reviewer', {}, fresh(reviewers.give.ask)),
    post('/admin/people/:identity/reviewer', {}, fresh(reviewers.give.do)),
    get('/admin/people/:identity/no-reviewer', {}, fresh(reviewers.take.ask)),
    post('/admin/people/:identity/no-reviewer', {}, fresh(reviewers.take.do)),
    get('/admin/people/:identity/invite', {}, fresh(newPerson.askAgain)),
    post('/admin/people/:identity/invite', { limit: 'message' }, fresh(newPerson.inviteAgain)),
    ...caseRoutes(deps, frame),
  ]
}

/** Whoever is signed in without the role gets a way back to what is theirs. */
function forbidden(web: Web, ctx: WebContext): void {
  const t = web.words.translate(ctx.state.language)
  web.render(ctx, {
    view: 'error',
    title: t('problems:forbidden.title'),
    status: 403,
    values: {
      heading: t('problems:forbidden.title'),
      text: t('admin:forbidden'),
      advice: t('problems:forbidden.advice'),
      details: undefined,
      again: { href: '/account', text: t('lost.account') },
    },
  })
}
