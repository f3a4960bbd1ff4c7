import { Problem } from '../../domain/problem.ts'
import { takesWay } from '../../domain/questioning.ts'
import type { QuestionableEntry } from '../../recovery/objections/questioning.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { momentsOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { signedInVisit } from '../visit.ts'
import { createEntries, isByStaff } from './entries.ts'
import type { Portal } from './portal.ts'

export interface QuestionPages {
  readonly show: SignedInHandler
  /** Ends what the entry is about, unless that takes away a way in, or back in. */
  readonly end: SignedInHandler
  /** That too: for whoever signed in freshly. */
  readonly remove: SignedInHandler
  /** Where whoever had to sign in once more on the way comes back to. */
  readonly back: SignedInHandler
}

/** "This wasn't me", of one line of the activity: what can be ended because of it, a button, and what was done. */
export function createQuestionPages(deps: AppDependencies, portal: Portal): QuestionPages {
  const { questioning, web } = deps
  const shown = createEntries(deps)

  const hereOf = ({ ctx, identity, session }: SignedIn) => ({
    identityId: identity.id,
    session: session.uid,
    device: ctx.state.device,
  })

  async function raise(page: SignedIn, fresh: boolean): Promise<void> {
    const { ctx } = page
    const id = ctx.params.entry ?? ''
    const visit = signedInVisit(deps, page)
    // Another person's is as unknown as one that never was (S38).
    if (!(await questioning.raise(id, hereOf(page), visit, actorOf(page), { fresh })))
      throw new Problem('not-found')
    seeOther(ctx, pathOf(id))
  }

  return {
    async show(page) {
      const { ctx, identity } = page
      const { language } = ctx.state
      const t = web.words.translate(language)
      const found = await questioning.look(ctx.params.entry ?? '', hereOf(page))
      if (found === undefined) throw new Problem('not-found')
      const { entry, about, here, raised } = found
      const [said] = await shown(page, [entry])
      portal(page, {
        view: 'question',
        place: 'activity',
        title: t('account:question.title'),
        values: {
          entry: said,
          ends: endsOf(found, t),
          nothing: t(`account:question.nothing.${here ? 'here' : whyNothing(found, identity.id)}`),
          here,
          action: `${pathOf(entry.id)}/${takesWay(about) ? 'remove' : 'end'}`,
          raised: raised && {
            at: momentsOf(page)(raised.at),
            ended: raised.ended.map((word) => t(`account:question.done.${word}`)),
          },
        },
      })
    },
    end: (page) => raise(page, false),
    remove: (page) => raise(page, true),
    back: ({ ctx }) => seeOther(ctx, pathOf(ctx.params.entry ?? '')),
  }
}

function pathOf(id: string): string {
  return `/account/activity/${encodeURIComponent(id)}`
}

const parts = [
  'session',
  'device',
  'credential',
  'contact',
  'client',
  'links',
  'recovery',
  'recoveryCase',
  'sessions',
  'deletion',
  'dataExport',
] as const

/** What the button will do, a sentence each. */
function endsOf({ about }: QuestionableEntry, t: Translate): readonly string[] {
  return parts
    .filter((part) => about[part] !== undefined)
    .map((part) => t(`account:question.will.${part}${part === 'client' && about.consent ? '-consent' : ''}`))
}

function whyNothing({ entry }: QuestionableEntry, identityId: string): string {
  if (isByStaff(entry, identityId)) return 'staff'
  return entry.result === 'failure' ? 'refused' : 'over'
}
