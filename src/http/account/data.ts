import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { momentsOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { signedInVisit } from '../visit.ts'
import { createDownloads } from './data-download.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

export interface DataPages {
  readonly show: SignedInHandler
  readonly ask: SignedInHandler
  readonly json: SignedInHandler
  readonly document: SignedInHandler
  readonly confirmDeletion: SignedInHandler
  readonly delete: SignedInHandler
  readonly keep: SignedInHandler
  /** Where whoever had to sign in once more on the way comes back to. */
  readonly back: SignedInHandler
}

const path = '/account/data'

/** Everything that is kept about the person, for themselves; and the end of their account. */
export function createDataPages(deps: AppDependencies, portal: Portal): DataPages {
  const { exports, deletions, web, settings } = deps
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)
  const downloads = createDownloads(deps)
  const visit = (page: SignedIn) => signedInVisit(deps, page)

  function deletionForm(page: SignedIn, mistake?: string): void {
    const { ctx } = page
    const t = translate(page)
    ctx.state.page = `${path}/delete`
    portal(page, {
      view: 'data-delete',
      place: 'data',
      title: t('account:data.delete.title'),
      status: mistake === undefined ? 200 : 422,
      values: {
        mistake,
        due: momentsOf(page)(deps.clock() + settings.account.deletion_delay),
      },
    })
  }

  async function download(page: SignedIn, write: typeof downloads.json): Promise<void> {
    // Too late, or another tab of theirs made a new one.
    if (!(await write(page))) seeOther(page.ctx, `${path}?done=expired`)
  }

  return {
    async show(page) {
      const { ctx, identity } = page
      const moment = momentsOf(page)
      const state = await exports.state(identity.id)
      portal(page, {
        view: 'data',
        place: 'data',
        values: {
          notice: noticeOf(ctx, translate(page), 'data', ['asked', 'expired', 'often', 'planned', 'kept']),
          running: state?.status === 'running',
          ready:
            state?.status === 'ready'
              ? { at: moment(state.readyAt), until: moment(state.expiresAt) }
              : undefined,
          planned: identity.deletion !== undefined,
        },
      })
    },

    async ask(page) {
      const asked = await exports.request(page.identity.id, visit(page), actorOf(page))
      seeOther(page.ctx, `${path}?done=${asked === 'too-often' ? 'often' : 'asked'}`)
    },

    json: (page) => download(page, downloads.json),
    document: (page) => download(page, downloads.document),

    confirmDeletion(page) {
      if (page.identity.deletion !== undefined) return seeOther(page.ctx, path)
      deletionForm(page)
    },

    async delete(page) {
      const requested = await deletions.request(page.identity.id, visit(page), actorOf(page))
      if (requested.status === 'planned') return seeOther(page.ctx, `${path}?done=planned`)
      deletionForm(page, translate(page)(`account:data.delete.refused.${requested.reason}`))
    },

    async keep(page) {
      const kept = await deletions.keep(page.identity.id, actorOf(page))
      seeOther(page.ctx, `${path}${kept ? '?done=kept' : ''}`)
    },

    back: ({ ctx }) => seeOther(ctx, path),
  }
}
