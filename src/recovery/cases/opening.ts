import { addressSubject } from '../../authentication/addresses.ts'
import type { Devices } from '../../authentication/devices.ts'
import type { Visit } from '../../authentication/index.ts'
import type { Actor } from '../../domain/audit-event.ts'
import { parseAs, parseIdentifier } from '../../domain/identifier.ts'
import { may } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import { isOver, type RecoveryCase } from '../../domain/recovery-case.ts'
import { day } from '../../domain/time.ts'
import type { Identities } from '../../identities/index.ts'
import type { Clock, Random } from '../../ports/clock.ts'
import type { SendBudget } from '../../ports/send-budget.ts'
import type { Draft } from '../../ports/storage.ts'
import type { Device, Store } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'
import type { ClaimCodes } from '../recoveries/claim-codes.ts'
import type { CaseBook, CaseFile, Statement, StatementEntry } from './book.ts'
import type { CaseSettings, Cases } from './index.ts'
import { type CaseMoves, glanceAt, grace } from './moves.ts'

export interface CaseOpeningTools {
  readonly store: Pick<Store, 'cases'>
  readonly identities: Pick<Identities, 'findByIdentifier'>
  readonly devices: Pick<Devices, 'find'>
  readonly budget: SendBudget
  readonly codes: ClaimCodes
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly settings: CaseSettings
}

interface Whose {
  readonly owner: string | undefined
  readonly known: Device | undefined
}

/** How long the row itself is kept: longer than anybody asks who reviewed whom. */
const rowKept = 400 * day

/**
 * Somebody opens a case. Whoever it is about, and if it is about nobody, the same is read, written and put off (S32): who is told, and whether a
 * reviewer gets to see it, is found out by a job.
 */
export function createCaseOpening(
  tools: CaseOpeningTools,
  { book, moves }: { readonly book: CaseBook; readonly moves: CaseMoves },
): Pick<Cases, 'open' | 'openContested' | 'closeContested'> {
  const { store, identities, devices, budget, codes, vault, clock, random, settings } = tools

  /**
   * A stranger must not be able to use up the cases of somebody else: one address never has all of those about one name, and a browser that its owner
   * used before has its own (as S26). The limit of all together only sheds load: it counts against nobody, and a browser that is known is not kept
   * out by what strangers used up.
   */
  async function refusal(
    identifier: string,
    visit: Visit,
    known: Device | undefined,
  ): Promise<'throttled' | 'busy' | undefined> {
    const within = day
    const { per_day, per_address_per_day, per_identifier_per_day: most } = settings
    const name = parseIdentifier(identifier)?.value ?? identifier.toLowerCase()
    const address = `case address ${addressSubject(visit.address)}`
    const named = known === undefined ? `case identifier ${name}` : `case device ${known.id}`
    const all = { subject: known === undefined ? 'cases' : 'cases of known devices', most: per_day, within }
    if (!(await budget.hasRoom(all))) return 'busy'
    const own = await budget.spend([
      { subject: address, most: per_address_per_day, within },
      { subject: `${address} about ${named}`, most: Math.max(1, most - 1), within },
      { subject: named, most, within },
    ])
    if (!own) return 'throttled'
    return (await budget.spend([all])) ? undefined : 'busy'
  }

  /** Whose account it is, if somebody's who may come back, and in which browser of theirs it is opened. */
  async function whose(identifier: string, visit: Visit): Promise<Whose> {
    const found = await identities.findByIdentifier('any', identifier)
    const owner = found !== undefined && may(found, 'recover') ? found.id : undefined
    return { owner, known: await devices.find(visit.device, owner) }
  }

  function rowOf(id: string, identityId: string | undefined, by: Actor) {
    const now = clock()
    return {
      id,
      state: 'opened',
      ...(identityId === undefined ? {} : { identityId }),
      queue: 'new',
      openedAt: now,
      endsAt: now + settings.lifetime,
      expiresAt: now + rowKept,
      evidence: 1,
      reviews: [],
      actor: moves.seal(id, by),
    } satisfies Omit<Draft<RecoveryCase>, 'kind'>
  }

  async function openOne(
    statement: Statement,
    files: readonly CaseFile[],
    visit: Visit,
    { owner, known }: Whose,
  ): Promise<string> {
    const id = caseId(clock(), random)
    const one = { id, identityId: owner }
    const until = clock() + settings.lifetime + settings.retention
    const attachments = await book.attach(one, files, until)
    const entry: StatementEntry = {
      ...statement,
      kind: 'statement',
      at: clock(),
      attachments,
      language: visit.language,
      address: visit.address,
      userAgent: visit.userAgent,
      ...(known === undefined ? {} : { knownSince: known.firstSeenAt }),
    }
    await book.write(one, entry, until)
    const code = codes.make()
    const claim = codes.hashOf(code)
    if (claim === undefined) throw new Error('a claim code that is none was made')
    const row = { ...rowOf(id, owner, claimant(visit)), kind: 'claimed', claim } as const
    // Before the row: whoever dies in between leaves it to be told.
    const glance = glanceAt(row, vault)
    if (!(await moves.look(id, undefined, clock() + grace, glance, row.endsAt)))
      throw new Problem('busy', { retryAfter: 60 })
    await store.cases.insert(row)
    return code
  }

  /** Named after the recovery: of two who open it at once one does. */
  const contestedId = ({ id, startedAt }: { readonly id: string; readonly startedAt: number }) =>
    `${caseTime(startedAt)}-${vault.mac('contested-case', id).slice(0, 16)}`

  return {
    async open(statement, files, visit) {
      if (parseAs('email', statement.reply) === undefined) return { status: 'refused', reason: 'reply' }
      if (files.length > settings.files) return { status: 'refused', reason: 'files' }
      const about = await whose(statement.identifier, visit)
      const reason = await refusal(statement.identifier, visit, about.known)
      if (reason !== undefined) return { status: 'refused', reason }
      return { status: 'opened', code: await openOne(statement, files, visit, about) }
    },

    async openContested(recovery) {
      const { id: recoveryId, identityId } = recovery
      const id = contestedId(recovery)
      if ((await store.cases.get(id)) !== undefined) return
      const row = { ...rowOf(id, identityId, { kind: 'system' }), kind: 'contested', recoveryId } as const
      if (!(await moves.look(id, undefined, clock() + grace, row.endsAt)))
        throw new Problem('busy', { retryAfter: 60 })
      await store.cases.insert(row)
    },

    async closeContested(recovery) {
      const one = await store.cases.get(contestedId(recovery))
      // Of a decision it is over already, and being told of.
      if (one === undefined || isOver(one.state)) return
      await moves.make(one.id, { kind: 'system' }, (now) =>
        isOver(now.state) ? { refused: 'over' } : { ...now, state: 'withdrawn' },
      )
    },
  }
}

/** In the order in which they were opened, and nobody's guess. */
function caseId(now: number, random: Random): string {
  return `${caseTime(now)}-${random(12)}`
}

function caseTime(now: number): string {
  return String(now).padStart(15, '0')
}

/** Whoever it is only says that they are this person. */
export function claimant({ address, userAgent, traceId }: Visit): Actor {
  return { kind: 'identity', address, userAgent, ...(traceId === undefined ? {} : { traceId }) }
}
