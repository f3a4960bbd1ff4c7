import type { Enrolments } from '../../authentication/enrolment.ts'
import type { TrustedDevices } from '../../authentication/trusted-devices.ts'
import type { Actor, AuditAction } from '../../domain/audit-event.ts'
import { masked, parseAs } from '../../domain/identifier.ts'
import type { Identity } from '../../domain/identity.ts'
import type { Questioned } from '../../domain/objection.ts'
import { everywhere, type Reader, readerAt } from '../../domain/reader.ts'
import { type Duration, day } from '../../domain/time.ts'
import type { AddressProofs } from '../../identities/address-proofs.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IdentityDirectory } from '../../ports/identity-directory.ts'
import type { MessageTemplate, Messenger } from '../../ports/messenger.ts'
import type { RecoveryNews, RecoveryRow } from '../../ports/recovery-row.ts'
import type { SessionRegistry } from '../../ports/session-registry.ts'
import type { Store } from '../../ports/store.ts'
import type { Digest, Vault } from '../../ports/vault.ts'
import type { Notice } from '../../ports/waker.ts'
import type { RecoveryBook, Sealed } from './book.ts'

export interface RecoveryNewsTools {
  readonly store: Pick<Store, 'links'>
  readonly book: RecoveryBook
  readonly identities: IdentityDirectory
  readonly enrolments: Pick<Enrolments, 'list' | 'remove'>
  readonly trustedDevices: Pick<TrustedDevices, 'revokeAll'>
  readonly addressProofs: () => Pick<AddressProofs, 'drop'>
  readonly sessions: () => Pick<SessionRegistry, 'endAll'>
  /** Pauses and locks that guessing put on the identity are over. */
  readonly unlock: (identityId: string) => Promise<void>
  /** A contested one: two reviewers are asked. Can be repeated. */
  readonly contested: (recovery: { id: string; identityId: string; startedAt: number }) => Promise<void>
  /** It is cancelled: nobody needs to decide about it any more. Can be repeated. */
  readonly uncontested: (recovery: { id: string; startedAt: number }) => Promise<void>
  /** Wakes every device of theirs that speaks for itself: it shows what happens. */
  readonly notify: (identityId: string, notice: Notice) => Promise<void>
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly issuer: string
}

type Of = RecoveryNews['of']

const templates: Partial<Record<Of, MessageTemplate>> = {
  started: 'recovery-started',
  contested: 'recovery-contested',
  cancelled: 'recovery-cancelled',
  ready: 'recovery-ready',
  finished: 'recovery-finished',
}

const actions: Record<Of, AuditAction> = {
  started: 'recovery.started',
  contested: 'recovery.contested',
  cancelled: 'recovery.cancelled',
  ready: 'recovery.ready',
  finished: 'recovery.completed',
  expired: 'recovery.expired',
}

/** What the row has to remember of it. */
export interface Paid {
  readonly link?: string
  /** Where somebody was told that it began. */
  readonly told?: Sealed['told']
}

/** Of what devices are woken for. */
const woken: readonly Of[] = ['started', 'contested', 'ready', 'finished']
/** How long it is news. */
export const newsFor: Duration = 7 * day

/**
 * What follows from each step of a recovery: who is told, what ends, what is recorded. Each part can be repeated, and of a message that is sent again
 * after a crash one goes out.
 */
export function createRecoveryNews(tools: RecoveryNewsTools) {
  const { book, identities, audit, digest, vault, messenger, issuer } = tools

  async function pay(row: RecoveryRow, owed: RecoveryNews): Promise<Paid> {
    const sealed = book.open(row)
    const identity = await identities.get(row.identityId)
    if (identity === undefined || identity.state === 'deleted') return {}
    // Before it ends anything: whoever has the phone that is said to be lost hears of it too.
    if (woken.includes(owed.of)) await tools.notify(row.identityId, noticeOf(row, owed))
    const ended = owed.of === 'finished' ? await settle(row) : undefined
    const { reference: id, identityId, startedAt } = row
    if (owed.of === 'contested') await tools.contested({ id, identityId, startedAt })
    if (owed.of === 'cancelled') await tools.uncontested({ id, startedAt })
    const told = await tell(row, owed, identity, sealed)
    const link = owed.of === 'ready' ? await invite(row, sealed) : undefined
    await record(row, owed, sealed, ended)
    return {
      ...(link === undefined ? {} : { link }),
      ...(owed.of === 'started' ? { told: told.map(maskedOf) } : {}),
    }
  }

  async function tell(row: RecoveryRow, owed: RecoveryNews, identity: Identity, sealed: Sealed) {
    const template = templates[owed.of]
    if (template === undefined) return []
    const { address, userAgent, language } = sealed
    const readers = everywhere(identity, language, tools.clock())
    const finished = owed.of === 'finished'
    const values = {
      at: owed.of === 'started' ? row.startedAt : owed.at,
      address,
      link: `${issuer}/account${finished ? '/security' : ''}`,
      ...(owed.of === 'started' && row.dueAt > owed.at ? { due: row.dueAt } : {}),
      ...(userAgent === undefined ? {} : { device: userAgent }),
      ...(finished && row.enrolled !== undefined ? { factor: row.enrolled } : {}),
    }
    for (const reader of readers) {
      const round = row.reviewed ? 'reviewed' : ''
      const once = `recovery ${owed.of} ${row.reference} ${round} ${owed.at} ${reader.to.written}`
      const about = aboutOf(row, owed.of)
      const more = about === undefined ? {} : { about }
      // Whoever cannot be told now is told later, and nobody gets in before that.
      await messenger.send({ template, ...reader, values, once, needed: true, ...more })
    }
    if (owed.of === 'contested' || owed.of === 'cancelled') await tellMailbox(row, owed, template, sealed)
    return readers
  }

  /** Whoever opened the case that it came of hears how it goes on, and can end nothing. */
  async function tellMailbox(
    row: RecoveryRow,
    { of, at }: RecoveryNews,
    template: MessageTemplate,
    { reply }: Sealed,
  ): Promise<void> {
    if (reply === undefined) return
    const to = readerAt({ kind: 'email', written: reply.written }, undefined, reply)
    const values = { at, link: `${issuer}/recovery/status` }
    await messenger.send({
      template,
      ...to,
      values,
      once: `recovery ${of} ${row.reference} ${at} to the case`,
    })
  }

  /** Where the mailbox is that a reviewed case named, a link goes there too: whoever reads it comes to the page of the recovery, once. */
  async function invite(row: RecoveryRow, { reply }: Sealed): Promise<string | undefined> {
    if (reply === undefined) return undefined
    const token = vault.mac('recovery-link', `${row.reference} ${row.dueAt}`)
    const to = readerAt({ kind: 'email', written: reply.written }, undefined, reply)
    const values = { link: `${issuer}/recovery/status/link?key=${token}`, at: row.dueAt }
    const once = `recovery open ${row.reference} ${row.dueAt}`
    await messenger.send({ template: 'recovery-open', ...to, values, once })
    return digest(token)
  }

  /** What was lost goes, and so does everything that somebody may have got in with before, or is about to. */
  async function settle(row: RecoveryRow): Promise<{ removed: number; sessions: number }> {
    const { identityId, enrolled, credential } = row
    const by: Actor = { kind: 'identity', id: identityId }
    const own = await tools.enrolments.list(identityId)
    const lost = own.filter(({ id }) => id !== credential && row.lost.includes(id))
    for (const { id } of lost) await tools.enrolments.remove(identityId, id, by, { force: true })
    // Also for whoever set something up and did not come to the end of it.
    await tools.trustedDevices.revokeAll(identityId, by, { reason: 'changed' })
    await tools.addressProofs().drop(identityId)
    await tools.store.links.removeBy('identityId', identityId)
    const sessions = await tools.sessions().endAll(identityId)
    if (enrolled !== undefined) await tools.unlock(identityId)
    return { removed: lost.length, sessions }
  }

  async function record(
    row: RecoveryRow,
    { of }: RecoveryNews,
    { address, userAgent, contested }: Sealed,
    ended: { removed: number; sessions: number } | undefined,
  ): Promise<void> {
    const origin = { address, ...(userAgent === undefined ? {} : { userAgent }) }
    const byClaimant = of === 'started' || of === 'finished'
    await audit.record({
      action: actions[of],
      result: 'success',
      actor: byClaimant ? { kind: 'identity', id: row.identityId, ...origin } : { kind: 'system' },
      identityId: row.identityId,
      ...(of === 'contested' && contested !== undefined ? { reason: contested } : {}),
      details: {
        recovery: row.reference,
        origin: row.origin,
        level: row.level,
        ...(of === 'finished' ? { purpose: 'recovery', factor: row.enrolled ?? '', ...ended } : {}),
      },
    })
  }

  return pay
}

function noticeOf({ reference, reviewed }: RecoveryRow, { of, at }: RecoveryNews): Notice {
  return { once: `recovery ${of} ${reference} ${reviewed ? 'reviewed' : ''} ${at}`, until: at + newsFor }
}

/** What "this wasn't me" ends: what runs is stopped, and what came of it goes. */
function aboutOf({ identityId, reference, credential }: RecoveryRow, of: Of): Questioned | undefined {
  if (of === 'cancelled') return undefined
  if (of !== 'finished') return { identityId, recovery: reference }
  return { identityId, sessions: true, ...(credential === undefined ? {} : { credential }) }
}

function maskedOf({ to }: Reader): string {
  const identifier = parseAs(to.kind, to.written)
  return identifier === undefined ? '' : masked(identifier)
}
