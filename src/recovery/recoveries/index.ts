// Owns recoveries: what happens between "I have lost my phone" and a new way in. Proving enough for one is the engine's, as for every process; what
// comes of that is no sign-in but a wait, of which everybody is told who might object, and then a grant for exactly one thing to be set up. A strong
// proof cancels it; anything weaker stops it until two reviewers have looked (cases/). How it gets from state to state says moves.ts.
import { createCredentials } from '../../authentication/credentials.ts'
import type { Enrolments, Finished } from '../../authentication/enrolment.ts'
import type { Redeemed, Visit } from '../../authentication/index.ts'
import { createSituations, type Known, type People } from '../../authentication/situations.ts'
import { type Level, reaches } from '../../domain/assurance.ts'
import type { Identity } from '../../domain/identity.ts'
import { type ContestReason, isRunning, type Recovery } from '../../domain/recovery.ts'
import type { Duration, Instant } from '../../domain/time.ts'
import type { Random } from '../../ports/clock.ts'
import type { Factors, Form, Shown } from '../../ports/factor.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { RecoveryRow } from '../../ports/recovery-row.ts'
import type { Store } from '../../ports/store.ts'
import { createRecoveryBeginning } from './beginning.ts'
import { createRecoveryBook, type RecoveryBook } from './book.ts'
import type { ClaimCodes } from './claim-codes.ts'
import { createRecoveryGrant, createSetUpSince } from './grant.ts'
import { createRecoveryMoves, type RecoveryMoves } from './moves.ts'
import { createRecoveryNews, newsFor, type RecoveryNewsTools } from './news.ts'

/** The parts of `Config['recovery']` that it reads. */
export interface RecoverySettings {
  readonly delay: Duration
  readonly strong_delay: Duration
  readonly grant_lifetime: Duration
}

export interface RecoveriesTools
  extends Omit<RecoveryNewsTools, 'book' | 'store' | 'identities' | 'enrolments'> {
  readonly store: Pick<Store, 'recoveries' | 'credentials' | 'links'>
  readonly identities: People
  readonly enrolments: Pick<Enrolments, 'begin' | 'prepare' | 'list' | 'remove'>
  readonly factors: Factors
  readonly codes: ClaimCodes
  readonly random: Random
  readonly queue: JobQueue
  readonly settings: RecoverySettings
}

/** Whoever tries to get back in. `browser`: what binds it to this very browser. */
export interface Claimant extends Visit {
  readonly browser?: string
}

/** How somebody comes back to a recovery: by its code, or in the browser in which they were. */
export type Claim = { readonly code: string } | { readonly browser: string } | { readonly id: string }

export type Begun =
  | { readonly status: 'waiting' | 'ready'; readonly id: string; readonly dueAt: Instant }
  /** Another one ran: neither goes on before two reviewers have looked. */
  | { readonly status: 'contested'; readonly id: string }

/** Every operation may be called in parallel, from any process. They throw `Problem('busy' | 'storage-unavailable')`. */
export interface Recoveries {
  /** After enough was proved. The code is shown once. Whoever replaces a second factor waits. */
  begin(
    identityId: string,
    proved: { readonly result: Redeemed; readonly lost: readonly string[] },
    visit: Claimant,
  ): Promise<
    | (Begun & { readonly status: 'waiting' | 'ready'; readonly code: string })
    | (Begun & { status: 'contested' })
  >
  /**
   * After a case that two reviewers approved; once, however often it is asked for the same case. Everything that they had is lost. `claim`: the hash of the
   * case's code. A link goes to `reply` when it is ready. Undefined: the person may not recover.
   */
  beginReviewed(reviewed: {
    readonly identityId: string
    readonly caseId: string
    readonly claim: string
    readonly reply?: { readonly written: string; readonly language: string }
    readonly visit: Claimant
  }): Promise<Begun | undefined>
  /** The one that runs. */
  of(identityId: string): Promise<Recovery | undefined>
  /** The same, or the last one if somebody got in by it lately. */
  lately(identityId: string): Promise<Recovery | undefined>
  /** The one that a claimant comes back to, whether or not it runs. */
  find(claim: Claim): Promise<Recovery | undefined>
  /** From now on this browser is where its claimant is; false when the code is nobody's. */
  bind(code: string, browser: string): Promise<boolean>
  /** The same by a mailed link, once. `look`: whether there is one; takes nothing (S33). */
  bindByLink(token: string, browser: string): Promise<boolean>
  lookAtLink(token: string): Promise<boolean>
  /** By somebody who signed in freshly at this level: at least as strong as the recovery's own proofs it is cancelled, else contested. */
  cancel(
    identityId: string,
    id: string,
    proved: { readonly level: Level },
  ): Promise<'cancelled' | 'contested' | 'gone'>
  /** Stops it until two reviewers have decided; false when it does not run, or they have. */
  contest(id: string, reason: ContestReason): Promise<boolean>
  /** What two reviewers said of a contested one; false when it is not (any more). */
  decide(id: string, decision: 'approved' | 'refused'): Promise<boolean>
  /** What the grant may set up, what was lost first. Empty: there is no grant. */
  offers(claim: Claim): Promise<readonly string[]>
  /** The question of such an enrolment; undefined: there is no grant for it. */
  question(
    claim: Claim,
    factor: string,
    visit: Visit,
    running?: string,
  ): Promise<{ ticket?: string; show?: Shown } | undefined>
  /** Uses the grant; exactly one of N callers is `done`. A refused form uses nothing. */
  finish(claim: Claim, factor: string, form: Form, visit: Visit): Promise<Used>
}

export type Used =
  | { readonly status: 'done'; readonly identityId: string; readonly show?: Shown }
  | Extract<Finished, { status: 'refused' }>
  /** There is no grant (any more), or somebody uses it just now. */
  | { readonly status: 'gone' }

/** What its files share. */
export interface RecoveriesParts extends RecoveriesTools {
  readonly book: RecoveryBook
  readonly moves: RecoveryMoves
  readonly waysOf: (identity: Identity) => Promise<Known>
  readonly locate: (claim: Claim) => Promise<RecoveryRow | undefined>
  readonly contest: (row: RecoveryRow, reason: ContestReason) => Promise<boolean>
}

const mostRounds = 20

export function createRecoveries(tools: RecoveriesTools): Recoveries {
  const { codes, digest, settings } = tools
  const book = createRecoveryBook(tools)
  const moves = createRecoveryMoves({
    ...tools,
    book,
    grantLifetime: settings.grant_lifetime,
    pay: createRecoveryNews({ ...tools, book }),
    setUpSince: createSetUpSince(tools),
  })
  const situations = createSituations({ ...tools, credentials: createCredentials(tools) })

  async function locate(claim: Claim): Promise<RecoveryRow | undefined> {
    const found = await rowsOf(claim)
    const newest = found.toSorted((one, other) => other.startedAt - one.startedAt)[0]
    return moves.settled(newest)
  }

  async function rowsOf(claim: Claim): Promise<readonly RecoveryRow[]> {
    if ('browser' in claim) return book.byIndex('browser', digest(claim.browser))
    if ('id' in claim) return [(await book.byReference(claim.id)) ?? []].flat()
    const hash = codes.hashOf(claim.code)
    return hash === undefined ? [] : book.byIndex('claim', hash)
  }

  async function contest(row: RecoveryRow, reason: ContestReason): Promise<boolean> {
    let current: RecoveryRow | undefined = row
    for (let round = 0; round < mostRounds; round += 1) {
      if (current === undefined || current.reference !== row.reference || current.reviewed) return false
      const sealed = book.seal(row.identityId, { ...book.open(current), contested: reason })
      const moved = await moves.make(current, 'contest', { sealed })
      if (moved !== undefined) {
        await moves.pay(moved)
        return true
      }
      current = await moves.settled(await book.of(row.identityId))
      if (current !== undefined && current.state !== 'waiting' && current.state !== 'ready') return false
    }
    return false
  }

  async function running(identityId: string, id: string): Promise<RecoveryRow | undefined> {
    const row = await moves.settled(await book.of(identityId))
    return row !== undefined && row.reference === id && isRunning(row) ? row : undefined
  }

  async function cancel(identityId: string, id: string, { level }: { readonly level: Level }) {
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await running(identityId, id)
      if (row === undefined) return 'gone'
      // A stolen phone or password must not be enough to keep its owner out for ever.
      if (!reaches(level, row.level)) {
        await contest(row, 'weaker')
        return 'contested'
      }
      const moved = await moves.make(row, 'cancel')
      if (moved === undefined) continue
      await moves.pay(moved)
      return 'cancelled'
    }
    return 'gone'
  }

  async function decide(id: string, decision: 'approved' | 'refused'): Promise<boolean> {
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await book.byReference(id)
      if (row?.state !== 'contested') return false
      const dueAt = tools.clock() + settings.delay
      const onward = { reviewed: true, dueAt, endsAt: dueAt + settings.grant_lifetime } as const
      const moved = await (decision === 'approved'
        ? moves.make(row, 'approve', onward)
        : moves.make(row, 'cancel'))
      if (moved === undefined) continue
      await moves.pay(moved)
      return true
    }
    return false
  }

  async function bindRow(row: RecoveryRow | undefined, browser: string): Promise<boolean> {
    let current = row
    for (let round = 0; current !== undefined && round < mostRounds; round += 1) {
      const { link: _link, ...rest } = current
      if ((await book.replace(rest, { browser: digest(browser) })) !== undefined) return true
      const newest = await book.of(current.identityId)
      current = newest?.reference === row?.reference ? newest : undefined
    }
    return false
  }

  const byLink = async (token: string) => (await book.byIndex('link', digest(token)))[0]
  const parts: RecoveriesParts = { ...tools, book, moves, locate, contest, waysOf: situations.ofIdentity }
  return {
    ...createRecoveryBeginning(parts),
    ...createRecoveryGrant(parts),
    cancel,
    decide,
    async of(identityId) {
      const row = await moves.settled(await book.of(identityId))
      return row !== undefined && isRunning(row) ? book.shown(row) : undefined
    },
    async lately(identityId) {
      const row = await moves.settled(await book.of(identityId))
      if (row === undefined) return undefined
      const isNews = row.state === 'completed' && tools.clock() - (row.endedAt ?? 0) < newsFor
      return isRunning(row) || isNews ? book.shown(row) : undefined
    },
    async find(claim) {
      const row = await locate(claim)
      return row === undefined ? undefined : book.shown(row)
    },
    bind: async (code, browser) => bindRow(await locate({ code }), browser),
    lookAtLink: async (token) => (await byLink(token)) !== undefined,
    // Whoever reads it first is the one: the link is gone with the same compare-and-set.
    async bindByLink(token, browser) {
      const row = await byLink(token)
      const { link: _link, ...rest } = row ?? {}
      if (row === undefined) return false
      return (await book.replace(rest as RecoveryRow, { browser: digest(browser) })) !== undefined
    },
    contest: async (id, reason) => {
      const row = await moves.settled(await book.byReference(id))
      return row !== undefined && contest(row, reason)
    },
  }
}
