import type { Actor, AuditAction } from '../../domain/audit-event.ts'
import type { Identity } from '../../domain/identity.ts'
import { type Reader, readerAt } from '../../domain/reader.ts'
import { type CaseState, isOver, type RecoveryCase } from '../../domain/recovery-case.ts'
import { type Duration, day } from '../../domain/time.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IdentityDirectory } from '../../ports/identity-directory.ts'
import type { MessageTemplate, Messenger } from '../../ports/messenger.ts'
import type { Store } from '../../ports/store.ts'
import type { CaseBook, StatementEntry } from './book.ts'

/** Where an approved or contested case leads: to a recovery, which has its own delay and tells its own. */
export interface CaseOutcomes {
  /** Begins one for the case, once however often it is asked; answers its id, undefined when it could not begin. */
  begin(
    one: RecoveryCase,
    reply: Reader | undefined,
    /** Where the case was opened. */
    from: Pick<StatementEntry, 'address' | 'userAgent'> | undefined,
  ): Promise<string | undefined>
  /** What two reviewers say of a recovery that two sides claim. Can be repeated. */
  decide(one: RecoveryCase, approved: boolean): Promise<void>
}

export interface CaseTellingTools {
  readonly store: Pick<Store, 'cases'>
  readonly book: CaseBook
  readonly identities: IdentityDirectory
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly outcomes: CaseOutcomes
  /** Everywhere where the owner may hear of it. */
  readonly channels: (identity: Identity, language: string) => readonly Reader[] | Promise<readonly Reader[]>
  /** Whether a mailbox that somebody typed may be written to once more. */
  readonly mayWrite: (address: string) => Promise<boolean>
  readonly clock: Clock
  readonly issuer: string
  readonly retention: Duration
}

/** Records what a case came to, tells whom it concerns, and answers what the row has to remember of that. A crash repeats it: messages go out once. */
export type CaseTelling = (one: RecoveryCase, by: Actor) => Promise<Partial<RecoveryCase>>

/** So long after an approval something may still come of it. */
const waitsFor: Duration = 30 * day

const actions: Record<CaseState, AuditAction> = {
  opened: 'case.opened',
  'more-asked': 'case.asked',
  answered: 'case.answered',
  'approved-once': 'case.approved',
  approved: 'case.approved',
  refused: 'case.refused',
  expired: 'case.expired',
  withdrawn: 'case.withdrawn',
}

/** What the person hears who opened the case; that one of two has approved they do not. */
const toClaimant: Partial<Record<CaseState, MessageTemplate>> = {
  opened: 'case-received',
  'more-asked': 'case-asked',
  approved: 'case-approved',
  refused: 'case-refused',
  expired: 'case-over',
  withdrawn: 'case-over',
}

export function createCaseTelling(tools: CaseTellingTools): CaseTelling {
  const { store, book, identities, messenger, audit, outcomes, channels, mayWrite, clock, issuer } = tools
  const { retention } = tools

  async function statementOf({ id }: RecoveryCase): Promise<StatementEntry | undefined> {
    return (await book.entries(id)).find((entry) => entry.kind === 'statement')
  }

  async function tellClaimant(one: RecoveryCase, statement: StatementEntry): Promise<void> {
    const template = toClaimant[one.state]
    const reply = replyOf(statement)
    if (template === undefined) return
    // Whoever types an address may type another person's: beyond a few nothing goes there that no reviewer has caused.
    if (one.reviews.length === 0 && !(await mayWrite(reply.to.written))) return
    const values = { at: clock(), link: `${issuer}/recovery/status` }
    await messenger.send({ template, ...reply, values, once: `${template} ${one.id} ${one.evidence}` })
  }

  async function tellOwner(one: RecoveryCase, identity: Identity, statement: StatementEntry): Promise<void> {
    const { address, userAgent, language } = statement
    const values = {
      address,
      at: one.openedAt,
      link: `${issuer}/account/activity`,
      ...(userAgent === undefined ? {} : { device: userAgent }),
    }
    const about = { identityId: identity.id, recoveryCase: one.id }
    for (const reader of await channels(identity, language)) {
      const once = `case-opened ${one.id} ${reader.to.written}`
      // No reviewer sees the case before.
      await messenger.send({ template: 'case-opened', ...reader, values, about, once, needed: true })
    }
  }

  /**
   * Somebody was on the way when a case of the same person was approved, so that nothing came of it. They are not any more: what two people decided
   * goes on, or whoever begins again and again would keep the person out.
   */
  async function goOn({ identityId = '' }: RecoveryCase): Promise<void> {
    const [identity, theirs] = await Promise.all([
      identities.get(identityId),
      store.cases.findBy('identityId', identityId),
    ])
    const since = Math.max(clock() - waitsFor, identity?.notBefore ?? 0)
    const waiting = theirs
      .filter(({ kind, state, recoveryId }) => kind === 'claimed' && state === 'approved' && !recoveryId)
      .filter(({ overAt = 0 }) => overAt > since)
    const newest = waiting.toSorted((a, b) => (b.overAt ?? 0) - (a.overAt ?? 0))[0]
    if (newest === undefined) return
    const { recoveryId } = await outcome(newest, await statementOf(newest))
    if (recoveryId !== undefined) await store.cases.replace({ ...newest, recoveryId })
  }

  async function outcome(
    one: RecoveryCase,
    statement: StatementEntry | undefined,
  ): Promise<Partial<RecoveryCase>> {
    if (one.kind === 'contested') {
      if (one.state !== 'withdrawn') await outcomes.decide(one, one.state === 'approved')
      if (one.state !== 'withdrawn' && one.state !== 'approved') await goOn(one)
      return {}
    }
    if (one.state !== 'approved') return {}
    const recoveryId = await outcomes.begin(one, statement && replyOf(statement), statement)
    return recoveryId === undefined ? {} : { recoveryId }
  }

  return async (one, by) => {
    const identity = one.identityId === undefined ? undefined : await identities.get(one.identityId)
    const statement = await statementOf(one)
    if (one.state === 'opened' && identity !== undefined && statement !== undefined)
      await tellOwner(one, identity, statement)
    // First: it tells the owner, and whoever hears of an approval finds what it leads to.
    const patch = isOver(one.state) ? await outcome(one, statement) : {}
    if (statement !== undefined) await tellClaimant(one, statement)
    if (isOver(one.state)) await book.keepUntil(one.id, (one.overAt ?? clock()) + retention)
    await audit.record({
      action: actions[one.state],
      result: ['refused', 'expired'].includes(one.state) ? 'failure' : 'success',
      actor: by,
      ...(identity === undefined ? {} : { identityId: identity.id }),
      ...(one.reason === undefined ? {} : { reason: one.reason }),
      details: { case: one.id, state: one.state },
    })
    if (one.state !== 'opened') return patch
    return { queue: identity === undefined ? 'nobody' : 'open' }
  }
}

/** Whoever reads there is nobody's owner yet: no name, and the language of whoever opened the case. */
function replyOf({ reply, language }: StatementEntry): Reader {
  return readerAt({ kind: 'email', written: reply }, undefined, { language })
}
