import {
  isOver,
  type RecoveryCase,
  stateAfter,
  unapproved,
  waitingState,
} from '../../domain/recovery-case.ts'
import type { CaseBook, CaseEntry } from './book.ts'
import type { Cases, ClaimedCase } from './index.ts'
import type { CaseMoves } from './moves.ts'
import { type CaseOpeningTools, claimant } from './opening.ts'
import { counts } from './review.ts'

/** The side of whoever opened the case, and of the owner who says that it was not they. */
export function createCaseClaims(
  { store, codes, clock, random, settings }: CaseOpeningTools,
  { book, moves }: { readonly book: CaseBook; readonly moves: CaseMoves },
): Pick<Cases, 'find' | 'claimed' | 'about' | 'answer' | 'withdraw' | 'object' | 'doubt'> {
  async function shown(one: RecoveryCase): Promise<ClaimedCase> {
    const { id, openedAt, endsAt, overAt, reason, recoveryId } = one
    const asked = one.state === 'more-asked' ? await question(one) : undefined
    return {
      id,
      state: one.state === 'approved-once' ? waitingState(one) : one.state,
      openedAt,
      endsAt,
      ...(overAt === undefined ? {} : { overAt }),
      ...(reason === undefined ? {} : { reason }),
      ...(recoveryId === undefined ? {} : { recoveryId }),
      ...(asked === undefined ? {} : { question: asked }),
    }
  }

  async function question(one: RecoveryCase): Promise<string | undefined> {
    const asked = (await book.entries(one.id)).filter((entry) => counts(entry, one))
    return asked.findLast((entry) => entry.kind === 'question')?.text
  }

  const withdrawn = (one: RecoveryCase) => {
    const state = stateAfter(one.state, 'withdraw')
    return state === undefined ? { refused: 'over' as const } : { ...one, state }
  }

  /** What was approved before was approved without knowing it; the owner's message said already that there is a case. */
  function doubted(one: RecoveryCase): RecoveryCase | { readonly refused: 'over' } {
    if (isOver(one.state) || one.doubtedAt !== undefined) return { refused: 'over' }
    const before = unapproved(one)
    return { ...before, told: before.state, evidence: one.evidence + 1, doubtedAt: clock() }
  }

  return {
    async find(code) {
      const claim = codes.hashOf(code)
      const [one] = claim === undefined ? [] : await store.cases.findBy('claim', claim)
      return one && shown(one)
    },

    async claimed(id) {
      const one = await store.cases.get(id)
      return one?.kind === 'claimed' ? shown(one) : undefined
    },

    async about(identityId) {
      const theirs = await store.cases.findBy('identityId', identityId)
      return theirs.filter(({ kind, queue }) => kind === 'claimed' && queue === 'open')
    },

    async answer(id, text, files, visit) {
      const one = await store.cases.get(id)
      if (one?.state !== 'more-asked') return false
      const until = one.endsAt + settings.retention
      const earlier = (await book.entries(id)).flatMap((entry) =>
        'attachments' in entry ? entry.attachments : [],
      )
      if (earlier.length + files.length > most(settings.files)) return false
      const attachments = await book.attach(one, files, until)
      // Before the state: an answer that nobody waits for any more does no harm, a state without an answer would.
      const answer = random(9)
      const said = { text, attachments, address: visit.address }
      const entry: CaseEntry = { kind: 'answer', id: answer, at: clock(), ...said }
      await book.write(one, entry, until)
      const moved = await moves.make(
        id,
        claimant(visit),
        (now) => {
          const state = stateAfter(now.state, 'answer')
          return state === undefined
            ? { refused: 'over' as const }
            : {
                ...now,
                state,
                evidence: now.evidence + 1,
                answers: [...(now.answers ?? []), answer],
              }
        },
        { later: true },
      )
      return moved.status === 'moved'
    },

    async withdraw(id, visit) {
      return (await moves.make(id, claimant(visit), withdrawn, { later: true })).status === 'moved'
    },

    async object(identityId, id, by) {
      const one = await store.cases.get(id)
      // What two sides claim is not for one of them to end.
      if (one?.identityId !== identityId || one.kind !== 'claimed' || isOver(one.state)) return false
      return (await moves.make(id, by, withdrawn)).status === 'moved'
    },

    async doubt(identityId, id, by) {
      const one = await store.cases.get(id)
      if (one?.identityId !== identityId || one.kind !== 'claimed' || isOver(one.state)) return false
      return one.doubtedAt !== undefined || (await moves.make(id, by, doubted)).status === 'moved'
    },
  }
}

/** Of a whole case, over all answers. */
function most(files: number): number {
  return 3 * files
}
