import { may } from '../../domain/identity.ts'
import type { RecoveryRow } from '../../ports/recovery-row.ts'
import type { Recoveries, RecoveriesParts } from './index.ts'
import { isUsed, skew } from './moves.ts'

const mostRounds = 20

/** What came since then by a grant whose user did not come back. */
export function createSetUpSince({
  enrolments,
}: Pick<RecoveriesParts, 'enrolments'>): (row: RecoveryRow, since: number) => Promise<string | undefined> {
  return async ({ identityId, using }, since) => {
    const own = await enrolments.list(identityId)
    const fresh = own.filter(({ factor, createdAt }) => factor === using?.factor && createdAt >= since - skew)
    return fresh.sort((one, other) => other.createdAt - one.createdAt)[0]?.id
  }
}

/**
 * The grant: good for exactly one thing to be set up. The form is looked at first, so that a refused one uses nothing; then the grant is taken by
 * compare-and-set, and only then anything is written. Whoever dies in between leaves it to be found out what was.
 */
export function createRecoveryGrant(
  parts: RecoveriesParts,
): Pick<Recoveries, 'offers' | 'question' | 'finish'> {
  const { enrolments, factors, moves, book, clock, identities, waysOf, locate } = parts

  async function granted(claim: Parameters<Recoveries['find']>[0]): Promise<RecoveryRow | undefined> {
    const row = await locate(claim)
    const identity = row === undefined ? undefined : await identities.get(row.identityId)
    if (row?.state !== 'ready' || identity === undefined || !may(identity, 'recover')) return undefined
    // What was begun before a suspension stays void after a restoration (S39).
    return row.startedAt < (identity.notBefore ?? 0) ? undefined : row
  }

  /** Whatever else is left must let the person begin a sign-in, or what they set up has to. */
  async function offersFor(row: RecoveryRow): Promise<readonly string[]> {
    const identity = await identities.get(row.identityId)
    if (identity === undefined) return []
    const { enrolled } = await waysOf(identity)
    const left = enrolled.filter(({ credentialId }) => !row.lost.includes(credentialId))
    const begins = (name: string) => factors.some((factor) => factor.name === name && factor.first)
    const possible = factors.filter(
      ({ enrolment, standIn, recovery }) => enrolment !== undefined && !standIn && recovery !== 'only',
    )
    const names = possible.map(({ name }) => name)
    const getsIn = left.some(({ factor }) => begins(factor))
    const offered = getsIn ? names : names.filter(begins)
    // What was lost comes first: that is what most people want to have again.
    const lost = new Set(
      enrolled.filter(({ credentialId }) => row.lost.includes(credentialId)).map(({ factor }) => factor),
    )
    return [...offered.filter((name) => lost.has(name)), ...offered.filter((name) => !lost.has(name))]
  }

  /**
   * False when the grant was no longer this caller's: taken for dead (it slept longer than anybody waits), and used or stopped by somebody else
   * meanwhile. Then what it set up goes again.
   */
  async function completed(taken: RecoveryRow, factor: string, credential: string): Promise<boolean> {
    const { identityId, reference } = taken
    let current: RecoveryRow | undefined = taken
    for (let round = 0; round < mostRounds && current?.reference === reference; round += 1) {
      if (current.state === 'completed') {
        if (current.credential === credential) return true
        break
      }
      const { using, ...rest }: RecoveryRow = current
      if (using !== undefined && using.at !== taken.using?.at) break
      const done = await moves.make(rest, 'finish', { enrolled: factor, credential })
      if (done !== undefined) {
        await moves.pay(done)
        return true
      }
      const newest = await book.of(identityId)
      if (newest?.version === current.version) break
      current = newest
    }
    await enrolments.remove(identityId, credential, { kind: 'system' }, { force: true })
    return false
  }

  return {
    async offers(claim) {
      const row = await granted(claim)
      return row === undefined ? [] : offersFor(row)
    },

    async question(claim, factor, visit, running) {
      const row = await granted(claim)
      if (row === undefined || !(await offersFor(row)).includes(factor)) return undefined
      return enrolments.begin(row.identityId, factor, visit, running)
    },

    async finish(claim, factor, form, visit) {
      const found = await granted(claim)
      if (found === undefined || !(await offersFor(found)).includes(factor)) return { status: 'gone' }
      if (isUsed(found, clock())) return { status: 'gone' }
      const { identityId } = found
      // What was proved is the most that it will ever be worth (S44).
      const options = { ceiling: found.level }
      const prepared = await enrolments.prepare(identityId, factor, form, visit, options)
      if (prepared.status === 'refused') return prepared
      // Nobody gets in by this before everybody was told that somebody tries.
      const row = await moves.pay(found)
      const using = { factor, at: clock() }
      // Whoever was told meanwhile may have been about somebody who uses it already.
      const isFree = row.state === 'ready' && row.using === undefined
      const taken = isFree ? await book.replace(row, { using }) : undefined
      if (taken === undefined) return { status: 'gone' }
      await moves.watch(taken, clock() + 2 * skew)
      const finished = await prepared.commit()
      const { using: _using, ...rest } = taken
      if (finished.status === 'refused') {
        await book.replace(rest, {})
        return finished
      }
      const { credential, show } = finished
      if (!(await completed(taken, factor, credential.id))) return { status: 'gone' }
      return { status: 'done', identityId, ...(show === undefined ? {} : { show }) }
    },
  }
}
