import { Problem } from '../../domain/problem.ts'
import type { ContactRole } from '../../recovery/contacts/index.ts'
import type { VouchingRequest } from '../../recovery/contacts/vouching-answers.ts'
import type { RunningVouching } from '../../recovery/contacts/vouching-doubts.ts'
import { queryValue, seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { deviceShown } from '../device.ts'
import { momentsOf } from '../moments.ts'
import { addressShown } from '../place.ts'
import { get, post, type Route } from '../routes.ts'
import { actorOf, type Guard, type SignedIn } from '../session.ts'
import { visitOf } from '../visit.ts'
import type { Attention } from './attention.ts'
import type { Portal } from './portal.ts'

const path = '/account/vouching'
const invalid = 422
const notices = ['accepted', 'declined', 'left', 'approved', 'refused', 'doubted', 'already', 'gone']

/** Whose trusted contact a person is or was asked to be, and what they are asked as one. Nothing here says who else was asked, or what they said. */
export function vouchingRoutes(
  deps: AppDependencies,
  portal: Portal,
  { signedIn, fresh }: Guard,
): readonly Route[] {
  const { contacts, vouchings, web } = deps
  if (!contacts.settings.enabled) return []
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)
  const visit = ({ ctx }: SignedIn) => visitOf(deps, ctx)
  const back = ({ ctx }: SignedIn, done: string) => seeOther(ctx, `${path}?done=${done}`)

  async function show(page: SignedIn): Promise<void> {
    const { ctx, identity } = page
    const t = translate(page)
    const [roles, requests, own] = await Promise.all([
      contacts.roles(identity.id),
      vouchings.requests(identity.id),
      vouchings.running(identity.id),
    ])
    const done = queryValue(ctx, 'done') ?? ''
    const good = !['already', 'gone'].includes(done)
    portal(page, {
      view: 'vouching',
      place: 'security',
      title: t('contacts:vouching.title'),
      values: {
        roles: roles.map((role) => roleShown(page, role)),
        requests: requests.map((request) => requestShown(page, request)),
        own: own.map((running) => ({ ...running, ...whence(page, running) })),
        notice: notices.includes(done) ? { good, text: t(`contacts:vouching.done.${done}`) } : undefined,
      },
    })
  }

  async function roleOf({ ctx, identity }: SignedIn): Promise<ContactRole> {
    const role = (await contacts.roles(identity.id)).find(({ id }) => id === ctx.params.role)
    // Another person's is as unknown as one that is not there any more (S38).
    if (role === undefined) throw new Problem('not-found')
    return role
  }

  async function showRole(page: SignedIn, mistake?: string): Promise<void> {
    const role = roleShown(page, await roleOf(page))
    const title = translate(page)(`contacts:role.${role.accepted ? 'leave' : 'accept'}.title`)
    const status = mistake === undefined ? 200 : invalid
    portal(page, { view: 'vouching-role', place: 'security', title, status, values: { role, mistake } })
  }

  async function decideRole(page: SignedIn): Promise<void> {
    const { ctx, identity } = page
    const { id } = await roleOf(page)
    const decision = ctx.state.form.decision
    if (decision === 'accept') {
      const outcome = await contacts.accept(identity.id, id, visit(page), actorOf(page))
      if (outcome === 'unproved') return showRole(page, translate(page)('contacts:role.unproved'))
      return back(page, outcome)
    }
    if (decision !== 'decline' && decision !== 'leave') throw new Problem('bad-form')
    back(page, await contacts.quit(identity.id, id, visit(page), actorOf(page)))
  }

  async function requestOf({ ctx, identity }: SignedIn): Promise<VouchingRequest | undefined> {
    return (await vouchings.requests(identity.id)).find(({ id }) => id === ctx.params.request)
  }

  async function showRequest(page: SignedIn, mistake?: string): Promise<void> {
    const request = await requestOf(page)
    // From a message that was opened too late.
    if (request === undefined) return back(page, 'gone')
    portal(page, {
      view: 'vouching-request',
      place: 'security',
      title: translate(page)('contacts:request.title'),
      status: mistake === undefined ? 200 : invalid,
      values: { request: requestShown(page, request), mistake },
    })
  }

  async function answer(page: SignedIn): Promise<void> {
    const { ctx, identity } = page
    const { decision, heard } = ctx.state.form
    if ((await requestOf(page)) === undefined) return back(page, 'gone')
    if (decision !== 'approve' && decision !== 'refuse') throw new Problem('bad-form')
    const approves = decision === 'approve'
    if (approves && heard !== 'yes') return showRequest(page, translate(page)('contacts:request.not-heard'))
    const request = ctx.params.request ?? ''
    back(page, await vouchings.answer(identity.id, request, approves, visit(page), actorOf(page)))
  }

  function roleShown(page: SignedIn, { since, until, ...role }: ContactRole) {
    return { ...role, since: momentsOf(page)(since), until: momentsOf(page)(until) }
  }

  function requestShown(page: SignedIn, request: VouchingRequest) {
    return { ...request, ...whence(page, request), until: momentsOf(page)(request.until) }
  }

  function whence(page: SignedIn, { userAgent, address, at }: RunningVouching | VouchingRequest) {
    return {
      device: deviceShown(userAgent, translate(page)).name,
      address: addressShown(address, page.ctx.state.language, deps.places),
      at: momentsOf(page)(at),
    }
  }

  async function doubt(page: SignedIn): Promise<void> {
    const doubted = await vouchings.doubt(page.identity.id, page.ctx.params.request ?? '')
    back(page, doubted ? 'doubted' : 'gone')
  }

  return [
    get(path, {}, signedIn(show)),
    get(
      `${path}/:role`,
      {},
      fresh((page) => showRole(page)),
    ),
    post(`${path}/:role`, {}, fresh(decideRole)),
    get(
      `${path}/requests/:request`,
      {},
      fresh((page) => showRequest(page)),
    ),
    post(`${path}/requests/:request`, {}, fresh(answer)),
    get(
      `${path}/doubt/:request`,
      {},
      fresh(({ ctx }) => seeOther(ctx, path)),
    ),
    post(`${path}/doubt/:request`, {}, fresh(doubt)),
  ]
}

/** For the home page: what somebody waits for an answer to. */
export async function askedToVouch(
  { contacts, vouchings, web }: AppDependencies,
  { ctx, identity }: SignedIn,
): Promise<readonly Attention[]> {
  const t = web.words.translate(ctx.state.language)
  const [roles, requests, own] = await Promise.all([
    contacts.roles(identity.id),
    vouchings.requests(identity.id),
    vouchings.running(identity.id),
  ])
  const action = t('contacts:attention.action')
  const open = requests.filter(({ answer }) => answer === undefined)
  return [
    ...own
      .filter(({ doubted }) => !doubted)
      .map(() => ({
        icon: 'alert',
        text: t('contacts:attention.own'),
        href: path,
        action: t('contacts:attention.look'),
      })),
    ...open.map(({ id, person }) => ({
      icon: 'key',
      text: t('contacts:attention.request', { person }),
      href: `${path}/requests/${encodeURIComponent(id)}`,
      action,
    })),
    ...roles
      .filter(({ accepted }) => !accepted)
      .map(({ id, person }) => ({
        icon: 'users',
        text: t('contacts:attention.role', { person }),
        href: `${path}/${encodeURIComponent(id)}`,
        action,
      })),
  ]
}
