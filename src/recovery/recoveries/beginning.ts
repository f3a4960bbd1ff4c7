import type { Redeemed } from '../../authentication/index.ts'
import { may } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import { delayOf, isRunning } from '../../domain/recovery.ts'
import type { Duration } from '../../domain/time.ts'
import type { RecoveryRow } from '../../ports/recovery-row.ts'
import { news, pastOf } from './book.ts'
import type { Begun, Claimant, Recoveries, RecoveriesParts } from './index.ts'
import { grace } from './moves.ts'

const mostRounds = 20

type Start = Pick<RecoveryRow, 'identityId' | 'origin' | 'level' | 'lost'> & {
  readonly delay: Duration
  readonly visit: Claimant
  readonly claim: string
  readonly caseId?: string | undefined
  readonly reply?: { readonly written: string; readonly language: string } | undefined
}

/** One runs for each person; whoever comes second stops both. */
export function createRecoveryBeginning(parts: RecoveriesParts): Pick<Recoveries, 'begin' | 'beginReviewed'> {
  const { book, moves, codes, clock, random, digest, identities, waysOf, settings } = parts

  function rowOf(start: Start, before: RecoveryRow | undefined) {
    const now = clock()
    const { identityId, origin, level, lost, delay, visit, claim, caseId, reply } = start
    const { address, userAgent, language, browser } = visit
    const content = { address, userAgent, language, told: [], ...(reply === undefined ? {} : { reply }) }
    const dueAt = now + delay
    return {
      id: identityId,
      reference: random(16),
      identityId,
      claim,
      ...(browser === undefined ? {} : { browser: digest(browser) }),
      ...{ origin, level, lost, startedAt: now, dueAt, endsAt: dueAt + settings.grant_lifetime },
      state: delay > 0 ? 'waiting' : 'ready',
      ...(caseId === undefined ? {} : { caseId }),
      owed: [news('started', now)],
      sealed: book.seal(identityId, content),
      past: before === undefined ? [] : pastOf(before),
    } satisfies Omit<RecoveryRow, 'version' | 'expiresAt'>
  }

  async function write(start: Start): Promise<RecoveryRow | 'runs'> {
    for (let round = 0; round < mostRounds; round += 1) {
      const before = await moves.settled(await book.of(start.identityId))
      if (before !== undefined && isRunning(before)) return 'runs'
      const row = rowOf(start, before)
      // Before it is there: whoever dies in between leaves it to be told.
      await moves.watch(row, clock() + grace)
      await moves.watch(row, row.state === 'waiting' ? row.dueAt : row.endsAt)
      const written =
        before === undefined
          ? await book.insert(row)
          : await book.replace({ ...row, version: before.version }, {})
      if (written !== undefined) return written
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  async function start(one: Start): Promise<Begun> {
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await write(one)
      if (row !== 'runs') {
        const paid = await moves.pay(row).catch(later(row))
        return { status: row.state === 'ready' ? 'ready' : 'waiting', id: paid.reference, dueAt: paid.dueAt }
      }
      const running = await book.of(one.identityId)
      if (running === undefined || !isRunning(running)) continue
      if (one.caseId !== undefined && running.caseId === one.caseId)
        return {
          status: running.state === 'ready' ? 'ready' : 'waiting',
          id: running.reference,
          dueAt: running.dueAt,
        }
      if (await parts.contest(running, 'second')) return { status: 'contested', id: running.reference }
      const now = await book.of(one.identityId)
      if (now !== undefined && isRunning(now)) return { status: 'contested', id: now.reference }
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  const own = ({ recovery }: Redeemed) => recovery?.own ?? 'none'

  return {
    async begin(identityId, { result, lost }, visit) {
      const identity = await identities.get(identityId)
      if (identity === undefined || !may(identity, 'recover') || result.identityId !== identityId)
        throw new Problem('conflict')
      const { level } = result
      const known = await waysOf(identity)
      const delay = delayOf({ level, own: own(result) }, known.enrolled, settings, clock())
      const ids = known.credentials.map(({ id }) => id)
      const code = codes.make()
      const claim = codes.hashOf(code) ?? ''
      const theirs = lost.filter((id) => ids.includes(id))
      const begun = await start({ identityId, origin: 'proofs', level, lost: theirs, delay, visit, claim })
      return begun.status === 'contested' ? begun : { ...begun, code }
    },

    async beginReviewed({ identityId, caseId, claim, reply, visit }) {
      const identity = await identities.get(identityId)
      if (identity === undefined || !may(identity, 'recover')) return undefined
      const { credentials } = await waysOf(identity)
      const one = { identityId, origin: 'case', level: 'two-factor', claim, caseId, reply, visit } as const
      return start({ ...one, lost: credentials.map(({ id }) => id), delay: settings.delay })
    },
  }
}

/** Messages that there is no room for are the job's; whoever begins is to have their code. */
function later(row: RecoveryRow): (error: unknown) => RecoveryRow {
  return (error) => {
    if (error instanceof Problem && error.code === 'busy') return row
    throw error
  }
}
