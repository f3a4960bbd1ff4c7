import { Problem } from '../../domain/problem.ts'
import type { OwnContact } from '../../recovery/contacts/index.ts'
import { queryValue, seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { lengthInWords, momentsOf } from '../moments.ts'
import { get, post, type Route } from '../routes.ts'
import { actorOf, type Guard, type SignedIn } from '../session.ts'
import { signedInVisit } from '../visit.ts'
import type { Portal } from './portal.ts'

const path = '/account/security/contacts'
const invalid = 422

/** Whom a person trusts to vouch for them: naming them, seeing since when each counts, removing them. */
export function contactRoutes(deps: AppDependencies, portal: Portal, { fresh }: Guard): readonly Route[] {
  const { contacts, web } = deps
  const { settings } = contacts
  if (!settings.enabled) return []
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)
  const visit = (page: SignedIn) => signedInVisit(deps, page)

  async function show(page: SignedIn, mistake?: string): Promise<void> {
    const { ctx, identity } = page
    const t = translate(page)
    const own = await contacts.list(identity.id)
    const done = queryValue(ctx, 'done') ?? ''
    ctx.state.page = path
    portal(page, {
      view: 'contacts',
      place: 'security',
      title: t('contacts:own.title'),
      status: mistake === undefined ? 200 : invalid,
      values: {
        contacts: own.map((one) => contactShown(page, one)),
        counting: own.filter(counts).length,
        settings,
        full:
          own.filter(({ standing }) => !['unanswered', 'declined'].includes(standing)).length >=
          settings.most,
        wait: lengthInWords(settings.waiting_time, ctx.state.language),
        waits: settings.waiting_time > 0,
        ends: lengthInWords(settings.invitation_lifetime, ctx.state.language),
        notice: ['invited', 'removed', 'gone'].includes(done) ? t(`contacts:own.done.${done}`) : undefined,
        typed: mistake === undefined ? '' : (ctx.state.form.identifier ?? ''),
        mistake,
      },
    })
  }

  async function invite(page: SignedIn): Promise<void> {
    const { ctx, identity } = page
    const text = ctx.state.form.identifier ?? ''
    const outcome = await contacts.invite(identity.id, text, visit(page), actorOf(page))
    if (outcome.status === 'invited') return seeOther(ctx, `${path}?done=invited`)
    await show(page, translate(page)(`contacts:own.refused.${outcome.reason}`, { most: settings.most }))
  }

  async function removal(page: SignedIn): Promise<void> {
    const one = (await contacts.list(page.identity.id)).find(({ id }) => id === page.ctx.params.contact)
    // Another person's is as unknown as one that is not there any more (S38).
    if (one === undefined) throw new Problem('not-found')
    const title = translate(page)('contacts:remove.title')
    portal(page, {
      view: 'contact-remove',
      place: 'security',
      title,
      values: { contact: contactShown(page, one) },
    })
  }

  async function remove(page: SignedIn): Promise<void> {
    const { ctx, identity } = page
    const removed = await contacts.remove(identity.id, ctx.params.contact ?? '', actorOf(page), visit(page))
    seeOther(ctx, `${path}?done=${removed ? 'removed' : 'gone'}`)
  }

  function contactShown(page: SignedIn, contact: OwnContact) {
    const { id, typed, standing, until, able } = contact
    const state = able ? standing : 'unable'
    const tone = counts(contact) ? 'badge-good' : state === 'unable' ? 'badge-warn' : ''
    const dated = ['invited', 'waiting'].includes(state)
    return { id, typed, state, tone, until: dated ? momentsOf(page)(until) : undefined }
  }

  return [
    get(
      path,
      {},
      fresh((page) => show(page)),
    ),
    post(path, { limit: 'message' }, fresh(invite)),
    get(`${path}/:contact/remove`, {}, fresh(removal)),
    post(`${path}/:contact/remove`, {}, fresh(remove)),
  ]
}

function counts({ standing, able }: OwnContact): boolean {
  return able && standing === 'counts'
}

/** For the page Security: how many there are, and how many there should be. */
export async function contactsShown(
  { contacts }: Pick<AppDependencies, 'contacts'>,
  { identity }: Pick<SignedIn, 'identity'>,
): Promise<{ readonly href: string; readonly counting: number; readonly least: number } | undefined> {
  const { enabled, least } = contacts.settings
  if (!enabled) return undefined
  return { href: path, least, counting: (await contacts.list(identity.id)).filter(counts).length }
}
