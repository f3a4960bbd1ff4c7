import { displayName, type Identity } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { actorOf, type SignedIn } from '../session.ts'
import { type Action, askFirst, type Frame } from './frame.ts'
import { identityOf, personPath } from './people.ts'

export interface ReviewerPages {
  readonly give: Action
  readonly take: Action
}

/** Who may judge recovery cases of others. An administrator names them, and nobody themselves (S38). */
export function createReviewerPages(deps: AppDependencies, frame: Frame): ReviewerPages {
  async function personOf(page: SignedIn): Promise<Identity> {
    const identity = await identityOf(deps, page)
    if (identity.id === page.identity.id) throw new Problem('forbidden')
    return identity
  }

  function action(name: 'reviewer' | 'no-reviewer', held: boolean): Action {
    return {
      async ask(page) {
        const t = deps.web.words.translate(page.ctx.state.language)
        const identity = await personOf(page)
        askFirst(frame, t, page, {
          ...{ place: 'people', name, path: personPath(identity) },
          values: { person: displayName(identity) },
          danger: !held,
        })
      },
      async do(page) {
        const identity = await personOf(page)
        const role = { name: 'reviewer', held } as const
        const updated = await deps.identities.update(identity.id, { role }, actorOf(page))
        if (updated.status === 'unknown') throw new Problem('not-found')
        seeOther(page.ctx, personPath(identity))
      },
    }
  }

  return { give: action('reviewer', true), take: action('no-reviewer', false) }
}
