import { partialFor } from '../../domain/contact.ts'
import { may } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import { type DecisionRefusal, judged, type RecoveryCase, unapproved } from '../../domain/recovery-case.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import type { CaseBook, CaseEntry } from './book.ts'
import type { CaseLine, CaseSettings, Cases } from './index.ts'
import type { CaseMoves } from './moves.ts'
import { type CaseSignsTools, createCaseSigns } from './signs.ts'

export interface CaseReviewTools extends CaseSignsTools {
  readonly store: Pick<Store, 'cases'>
  readonly clock: Clock
  readonly settings: Pick<CaseSettings, 'retention'>
  /** Whether one of the two is a trusted contact of the other, or was until lately. */
  readonly linked: (one: string, other: string) => Promise<boolean>
}

const mostRounds = 20

/** The side of the reviewers. Of a case that is not theirs to judge they learn nothing, not even that it is there. */
export function createCaseReview(
  tools: CaseReviewTools,
  { book, moves }: { readonly book: CaseBook; readonly moves: CaseMoves },
): Pick<Cases, 'list' | 'look' | 'file' | 'decide'> {
  const { store, clock, linked, audit } = tools
  const signsOf = createCaseSigns(tools)

  /** Whether one of them decided about the other lately; `apart` is the case that is looked at. */
  async function reviewed(by: string, identityId: string, apart?: string): Promise<boolean> {
    const since = clock() - partialFor
    const theirs = await store.cases.findBy('identityId', identityId)
    return theirs.some(
      ({ id, reviews }) => id !== apart && reviews.some((one) => one.by === by && one.at > since),
    )
  }

  async function mayJudge(one: RecoveryCase, reviewer: string): Promise<boolean> {
    const { identityId, queue } = one
    if (identityId === undefined || queue === 'new' || queue === 'nobody') return false
    if (identityId === reviewer) return false
    if (await linked(reviewer, identityId)) return false
    if (await reviewed(identityId, reviewer)) return false
    // Only somebody who could return it: or whoever opens cases about a person would use up everybody who may judge theirs.
    return !(await reviewed(reviewer, identityId, one.id)) || !(await isReviewer(identityId))
  }

  async function isReviewer(identityId: string): Promise<boolean> {
    const identity = await tools.identities.get(identityId)
    if (identity === undefined || !may(identity, 'sign-in')) return false
    return identity.roles.includes('reviewer') || identity.roles.includes('administrator')
  }

  /** The case without an approval whose reviewer may not judge it any more: it was never given. */
  async function standing(one: RecoveryCase): Promise<(now: RecoveryCase) => RecoveryCase> {
    const { approvedBy } = one
    if (approvedBy === undefined) return (now) => now
    return (await isReviewer(approvedBy)) && (await mayJudge(one, approvedBy)) ? (now) => now : unapproved
  }

  async function own(id: string, reviewer: string): Promise<(RecoveryCase & Whose) | undefined> {
    const one = await store.cases.get(id)
    return one !== undefined && (await mayJudge(one, reviewer)) ? (one as RecoveryCase & Whose) : undefined
  }

  return {
    async list(reviewer, { over = false, after, limit }) {
      const page = await store.cases.page({
        where: { index: 'queue', value: over ? 'over' : 'open' },
        limit,
        descending: over,
        ...(after === undefined ? {} : { after }),
      })
      const allowed = await Promise.all(page.items.map((one) => mayJudge(one, reviewer)))
      const items = (page.items as (RecoveryCase & Whose)[]).filter((_, at) => allowed[at]).map(lineOf)
      return page.next === undefined ? { items } : { items, next: page.next }
    },

    async look(id, reviewer) {
      const one = await own(id, reviewer)
      if (one === undefined) return undefined
      const entries = (await book.entries(id)).filter((entry) => counts(entry, one))
      const { reviews, approvedBy, evidence, reason } = one
      return {
        ...lineOf(one),
        entries,
        signs: await signsOf(one, entries),
        reviews,
        evidence,
        ...(approvedBy === undefined ? {} : { approvedBy }),
        ...(reason === undefined ? {} : { reason }),
      }
    },

    async file(id, name, reviewer) {
      const one = await own(id, reviewer.id)
      const shown = one === undefined ? [] : await book.entries(id)
      const attachment = shown
        .filter((entry) => one !== undefined && counts(entry, one))
        .flatMap((entry) => ('attachments' in entry ? entry.attachments : []))
        .find((each) => each.name === name)
      const bytes = attachment === undefined ? undefined : await book.file(id, attachment)
      if (one === undefined || attachment === undefined || bytes === undefined) return undefined
      await audit.record({
        action: 'case.attachment-read',
        result: 'success',
        actor: reviewer,
        identityId: one.identityId,
        details: { case: id },
      })
      return { attachment, bytes }
    },

    async decide(id, by, { action, seen, text, reason }) {
      const at = clock()
      // Before the state, as an answer; what was written with a decision that came too late is shown to nobody.
      const entry =
        action === 'ask'
          ? ({ kind: 'question', at, by: by.id, text } as const)
          : ({ kind: 'note', at, by: by.id, text } as const)
      for (let round = 0; round < mostRounds; round += 1) {
        const one = await own(id, by.id)
        if (one === undefined) return { status: 'unknown' }
        // Nobody would answer.
        if (action === 'ask' && one.kind === 'contested') return { status: 'refused', reason: 'not-now' }
        const { approvedBy: first } = one
        const decision = {
          ...{ action, by: by.id, seen },
          linked: first !== undefined && first !== by.id && (await linked(first, by.id)),
        }
        const stands = await standing(one)
        const verdict = judged(stands(one), decision)
        if ('refused' in verdict) return { status: 'refused', reason: verdict.refused }
        // Suspended meanwhile: nothing could come of it.
        const owner = action === 'approve' ? await tools.identities.get(one.identityId) : undefined
        if (action === 'approve' && (owner === undefined || !may(owner, 'recover')))
          return { status: 'refused', reason: 'not-now' }
        if (text !== '' && round === 0) await book.write(one, entry, one.endsAt + tools.settings.retention)
        const moved = await moves.make<DecisionRefusal | 'again'>(id, by, (found) => {
          // Somebody approved meanwhile: what they are to this reviewer nobody has looked at.
          if (found.approvedBy !== first) return { refused: 'again' }
          const now = stands(found)
          const next = judged(now, decision)
          if ('refused' in next) return next
          // An approval counts for what was known then: whoever asks for more takes it back.
          const { approvedBy, ...rest } = now
          return {
            ...rest,
            state: next.state,
            reviews: [...now.reviews, { by: by.id, action, at }],
            ...(action === 'approve' ? { approvedBy: approvedBy ?? by.id } : {}),
            ...(action === 'refuse' && reason !== undefined ? { reason } : {}),
          }
        })
        if (moved.status === 'moved') return { status: 'done', state: moved.one.state }
        if (moved.status === 'unknown') return moved
        if (moved.reason !== 'again') return { status: 'refused', reason: moved.reason }
      }
      throw new Problem('conflict')
    },
  }
}

interface Whose {
  readonly identityId: string
}

function lineOf(one: RecoveryCase & Whose): CaseLine {
  const { id, kind, state, identityId, openedAt, endsAt, overAt } = one
  return {
    id,
    kind,
    state,
    identityId,
    openedAt,
    endsAt,
    ...(overAt === undefined ? {} : { overAt }),
  }
}

/** What was written with a decision belongs to it, an answer to the state that it led to: what came too late was never said. */
export function counts(
  entry: CaseEntry,
  { reviews, answers = [] }: Pick<RecoveryCase, 'reviews' | 'answers'>,
): boolean {
  if (entry.kind === 'answer') return answers.includes(entry.id)
  return !('by' in entry) || reviews.some(({ by, at }) => by === entry.by && at === entry.at)
}
