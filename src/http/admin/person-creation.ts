import { displayName, type Identity, may } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import type { IdentityDraft } from '../../identities/index.ts'
import type { Form } from '../../ports/factor.ts'
import type { AppDependencies } from '../dependencies.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import type { Frame } from './frame.ts'
import { identityOf, personPath } from './people.ts'

export interface PersonCreation {
  readonly form: SignedInHandler
  readonly create: SignedInHandler
  readonly askAgain: SignedInHandler
  readonly inviteAgain: SignedInHandler
}

/** A new person, who chooses their own way to sign in through an invitation; the only page that ever shows its link. */
export function createPersonCreation(deps: AppDependencies, frame: Frame): PersonCreation {
  const { identities, links, web } = deps
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)

  function form(page: SignedIn, typed: Form = {}, field?: string, reason = 'invalid'): void {
    const t = translate(page)
    page.ctx.state.page = '/admin/people/new'
    frame(page, {
      view: 'person-new',
      place: 'people',
      title: t('admin:people.new.title'),
      status: field === undefined ? 200 : 422,
      values: {
        typed,
        mistakes: field === undefined ? {} : { [field]: t(`admin:people.new.mistakes.${field}-${reason}`) },
      },
    })
  }

  async function create(page: SignedIn): Promise<void> {
    const { ctx } = page
    const { form: typed } = ctx.state
    if ((typed.name ?? '').trim() === '') return form(page, typed, 'name')
    const created = await identities.create(draftOf(typed), actorOf(page))
    if (created.status === 'created') return invite(page, created.identity)
    const field = created.kind === 'groups' || created.kind === 'name' ? created.kind : 'email'
    form(page, typed, field, created.status)
  }

  async function invite(page: SignedIn, identity: Identity): Promise<void> {
    const t = translate(page)
    const { link } = await links.invite(identity.id, actorOf(page), { language: page.ctx.state.language })
    const person = displayName(identity)
    frame(page, {
      view: 'invited',
      place: 'people',
      title: t('admin:people.invited.title', { person }),
      status: 201,
      values: { heading: t('admin:people.invited.title', { person }), link, href: personPath(identity) },
    })
  }

  async function invitedOne(page: SignedIn): Promise<Identity> {
    const identity = await identityOf(deps, page)
    if (!may(identity, 'accept-invitation')) throw new Problem('conflict')
    return identity
  }

  return {
    form: (page) => form(page),
    create,
    async askAgain(page) {
      const t = translate(page)
      const identity = await invitedOne(page)
      const person = displayName(identity)
      frame(page, {
        view: 'confirm',
        place: 'people',
        title: t('admin:people.invite.title', { person }),
        values: {
          heading: t('admin:people.invite.title', { person }),
          effect: t('admin:people.invite.effect'),
          button: t('admin:people.invite.button'),
          danger: false,
          action: `${personPath(identity)}/invite`,
          back: personPath(identity),
        },
      })
    },
    inviteAgain: async (page) => invite(page, await invitedOne(page)),
  }
}

/** Field by field; a form never gives a role, a state or a proof (S38). */
function draftOf({ email = '', name = '', groups = '' }: Form): IdentityDraft {
  const names = groups.split(/[,\r\n]/).map((group) => group.trim())
  return {
    identifiers: [{ kind: 'email', written: email }],
    claims: { name: name.trim() },
    groups: names.filter((group) => group !== ''),
  }
}
