import { displayName, type Identity, mailAddress, may } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import type { Moved } from '../../identities/index.ts'
import { identifierShown } from '../account/home.ts'
import { sessionShown } from '../account/sessions.ts'
import { initialOf } from '../application.ts'
import { queryValue, seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { momentOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { type Action, askFirst, type Frame, paged } from './frame.ts'

const perPage = 50

export interface PeoplePages {
  readonly list: SignedInHandler
  readonly show: SignedInHandler
  readonly suspend: Action
  readonly restore: Action
}

/** Everybody who has an account, and what an administrator may do about one. */
export function createPeoplePages(deps: AppDependencies, frame: Frame): PeoplePages {
  const { identities, enrolments, oidc, web } = deps
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)

  async function list(page: SignedIn): Promise<void> {
    const t = translate(page)
    const search = queryValue(page.ctx, 'search')?.trim() ?? ''
    const after = queryValue(page.ctx, 'after')
    const { items, next } = await identities.list({
      limit: perPage,
      ...(search === '' ? {} : { search }),
      ...(after === undefined ? {} : { after }),
    })
    frame(page, {
      view: 'people',
      place: 'people',
      values: {
        people: items.map((identity) => lineOf(identity, t)),
        search,
        pager: paged(page, '/admin/people', next, search === '' ? {} : { search }),
      },
    })
  }

  async function show(page: SignedIn): Promise<void> {
    const t = translate(page)
    const { language } = page.ctx.state
    const identity = await identityOf(deps, page)
    const [ways, sessions] = await Promise.all([
      enrolments.list(identity.id),
      oidc.sessions.list(identity.id),
    ])
    const isSelf = identity.id === page.identity.id
    frame(page, {
      view: 'person',
      place: 'people',
      title: displayName(identity),
      values: {
        shown: lineOf(identity, t),
        identifiers: identity.identifiers.map((identifier) => identifierShown(identifier, t)),
        groups: identity.groups,
        roles: identity.roles.map((role) => t(`admin:people.roles.${role}`)),
        createdAt: momentOf(identity.createdAt, language),
        deletedAt: identity.deletion && momentOf(identity.deletion.dueAt, language),
        ways: ways.map(({ factor, label, createdAt, lastUsedAt }) => ({
          name: t(`factors:${factor}.name`),
          label,
          since: momentOf(createdAt, language),
          used: lastUsedAt === undefined ? undefined : momentOf(lastUsedAt, language),
        })),
        sessions: sessions.map((one) => sessionShown(one, { t, language, places: deps.places })),
        isSelf,
        offers: {
          suspend: !isSelf && may(identity, 'suspend'),
          restore: may(identity, 'restore'),
          invite: may(identity, 'accept-invitation'),
          reviewer: !isSelf && !identity.roles.includes('reviewer') && may(identity, 'sign-in'),
          noReviewer: !isSelf && identity.roles.includes('reviewer'),
        },
      },
    })
  }

  function action(name: 'suspend' | 'restore', act: (id: string, page: SignedIn) => Promise<Moved>): Action {
    return {
      async ask(page) {
        const t = translate(page)
        const identity = await identityOf(deps, page)
        forbidSelf(page, identity)
        const { length: count } = await oidc.sessions.list(identity.id)
        askFirst(frame, t, page, {
          ...{ place: 'people', name, path: personPath(identity) },
          values: { person: displayName(identity), count },
          danger: name === 'suspend',
        })
      },
      async do(page) {
        const identity = await identityOf(deps, page)
        forbidSelf(page, identity)
        const moved = await act(identity.id, page)
        if (moved.status === 'unknown') throw new Problem('not-found')
        // Refused: somebody did it already, or the state does not allow it; the page says which state it is.
        seeOther(page.ctx, personPath(identity))
      },
    }
  }

  return {
    list,
    show,
    suspend: action('suspend', (id, page) => identities.suspend(id, actorOf(page))),
    restore: action('restore', (id, page) => identities.restore(id, actorOf(page))),
  }
}

/** The person that the path names; deleted ones are nobody. */
export async function identityOf({ identities }: AppDependencies, { ctx }: SignedIn): Promise<Identity> {
  const identity = await identities.get(ctx.params.identity ?? '')
  if (identity === undefined || identity.state === 'deleted') throw new Problem('not-found')
  return identity
}

export function personPath({ id }: Pick<Identity, 'id'>): string {
  return `/admin/people/${encodeURIComponent(id)}`
}

/** Nobody locks themselves out by a slip: another administrator can. */
function forbidSelf(page: SignedIn, { id }: Identity): void {
  if (id === page.identity.id) throw new Problem('forbidden')
}

const tones: Record<Identity['state'], string> = {
  active: 'good',
  invited: '',
  suspended: 'warn',
  disabled: 'danger',
  deleted: 'danger',
}

function lineOf(identity: Identity, t: Translate) {
  const name = displayName(identity)
  return {
    id: identity.id,
    name,
    initial: initialOf(name),
    href: personPath(identity),
    identifier: (mailAddress(identity) ?? identity.identifiers[0])?.written,
    state: t(`admin:people.states.${identity.state}`),
    tone: tones[identity.state],
    groups: identity.groups.join(', '),
    isAdministrator: identity.roles.includes('administrator'),
  }
}
