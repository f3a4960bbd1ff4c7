import type { Devices } from '../../authentication/devices.ts'
import type { Enrolments } from '../../authentication/enrolment.ts'
import type { Halt } from '../../authentication/halting.ts'
import type { Actor } from '../../domain/audit-event.ts'
import type { Ended, Questioned } from '../../domain/objection.ts'
import type { Deletions } from '../../identities/deletion/index.ts'
import type { Exports } from '../../identities/export/index.ts'
import type { SessionRegistry } from '../../ports/session-registry.ts'
import type { Store } from '../../ports/store.ts'
import type { Cases } from '../cases/index.ts'
import type { Contacts } from '../contacts/index.ts'
import type { VouchingAnswers } from '../contacts/vouching-answers.ts'
import type { VouchingDoubts } from '../contacts/vouching-doubts.ts'
import { waitingLinks } from '../links/book.ts'
import type { Recoveries } from '../recoveries/index.ts'
import { skew } from '../recoveries/moves.ts'

export interface FreezingTools {
  readonly store: Pick<Store, 'links'>
  readonly halt: Halt
  readonly devices: Pick<Devices, 'of' | 'forget'>
  readonly enrolments: Pick<Enrolments, 'remove'>
  /** What people allowed applications. */
  readonly consents: {
    withdraw(identityId: string, clientId: string, by: Actor): Promise<boolean>
  }
  readonly sessions: () => Pick<SessionRegistry, 'endOf' | 'endAll' | 'endGrants'>
  readonly contacts: Pick<Contacts, 'remove'>
  readonly vouchings: Pick<VouchingAnswers & VouchingDoubts, 'disown' | 'doubt' | 'vouchedFor'>
  readonly cases: Pick<Cases, 'object' | 'doubt'>
  readonly deletions: Pick<Deletions, 'keep'>
  readonly exports: Pick<Exports, 'discard'>
  readonly recoveries: Pick<Recoveries, 'contest' | 'of'>
}

/** Ends just what is questioned and answers what that was, `nothing` at the least. Can be repeated: what is over stays over. */
export type Freeze = (about: Questioned, by: Actor) => Promise<readonly Ended[]>

type Part = (about: Questioned, by: Actor) => Promise<Ended | undefined>

export function createFreeze(tools: FreezingTools): Freeze {
  const {
    store,
    halt,
    devices,
    enrolments,
    consents,
    sessions,
    contacts,
    vouchings,
    cases,
    deletions,
    exports,
  } = tools

  async function endLinks({ identityId, links }: Questioned) {
    if (links !== true) return undefined
    const waiting = await waitingLinks(store, identityId)
    for (const { id } of waiting) await store.links.remove(id)
    return waiting.length > 0 ? 'links-void' : undefined
  }

  async function endCase({ identityId, recoveryCase }: Questioned, by: Actor) {
    if (recoveryCase === undefined) return undefined
    if (by.id === identityId)
      return (await cases.object(identityId, recoveryCase, by)) ? 'case-withdrawn' : undefined
    return (await cases.doubt(identityId, recoveryCase, by)) ? 'case-doubted' : undefined
  }

  async function stopRecovery({ identityId, recovery }: Questioned) {
    const running = recovery === undefined ? undefined : await tools.recoveries.of(identityId)
    if (running === undefined || running.id !== recovery) return undefined
    // It may have been this that stopped it, and come no further.
    const stopped = running.state === 'contested' || (await tools.recoveries.contest(running.id, 'objection'))
    return stopped ? 'recovery-contested' : undefined
  }

  async function endProcess({ identityId, process }: Questioned) {
    if (process === undefined) return undefined
    const halted = await halt(process, identityId)
    const ended = await sessions().endOf(identityId, { process })
    if (ended > 0) return 'session-ended'
    return halted ? 'process-over' : undefined
  }

  /**
   * A way that is the last one, or that another one needs, stays: whoever holds the link must not lock its owner out. So does the only second factor,
   * once its owner had a day to find out that it is not theirs: a mailbox must not be enough to get past it (S33).
   */
  async function endCredential({ identityId, credential }: Questioned, by: Actor) {
    if (credential === undefined) return undefined
    const removed = await enrolments.remove(identityId, credential, by, { unproved: true })
    await sessions().endOf(identityId, { credential })
    if (removed.status === 'removed') return 'credential-removed'
    return removed.reason === 'unknown' ? undefined : 'credential-kept'
  }

  async function endSession({ identityId, session }: Questioned) {
    if (session === undefined) return undefined
    return (await sessions().endOf(identityId, { uid: session })) > 0 ? 'session-ended' : undefined
  }

  async function endDevice({ identityId, device, deviceSince }: Questioned) {
    if (device === undefined) return undefined
    const rows = await devices.of(identityId)
    const row = rows.find(({ id }) => id === device) ?? rows.find((one) => one.firstSeenAt === deviceSince)
    if (row === undefined) return undefined
    await devices.forget(row.id)
    if (row.browser !== undefined) await sessions().endOf(identityId, { browser: row.browser })
    return 'device-forgotten'
  }

  async function endContact({ identityId, contact }: Questioned, by: Actor) {
    if (contact === undefined) return undefined
    return (await contacts.remove(identityId, contact, by)) ? 'contact-removed' : undefined
  }

  async function endVouching({ identityId, vouching }: Questioned, by: Actor) {
    if (vouching === undefined) return undefined
    // The owner's message and a contact's are about the same request.
    if (await vouchings.doubt(identityId, vouching)) return 'vouching-doubted'
    if (await vouchings.disown(identityId, vouching, by)) return 'vouching-refused'
    return (await takeWordBack(identityId, vouching)) ? 'vouching-stopped' : undefined
  }

  /** What came of their word waits for just such news. */
  async function takeWordBack(identityId: string, vouching: string): Promise<boolean> {
    const given = await vouchings.vouchedFor(identityId, vouching)
    if (given === undefined) return false
    const running = await tools.recoveries.of(given.ownerId)
    if (running?.origin !== 'proofs' || running.startedAt < given.since - skew) return false
    return tools.recoveries.contest(running.id, 'objection')
  }

  async function endClient({ identityId, client, consent }: Questioned, by: Actor) {
    if (client === undefined) return undefined
    if (consent === true) await consents.withdraw(identityId, client, by)
    else await sessions().endGrants(identityId, client)
    return 'client-ended'
  }

  async function endSessions({ identityId, sessions: all }: Questioned) {
    if (all !== true) return undefined
    return (await sessions().endAll(identityId)) > 0 ? 'sessions-ended' : undefined
  }

  async function endDeletion({ identityId, deletion }: Questioned, by: Actor) {
    if (deletion === undefined) return undefined
    return (await deletions.keep(identityId, by, deletion)) ? 'account-kept' : undefined
  }

  async function endExport({ identityId, dataExport }: Questioned) {
    if (dataExport === undefined) return undefined
    return (await exports.discard(identityId, dataExport)) ? 'export-removed' : undefined
  }

  // What lets somebody in goes before what they got in with.
  const parts: readonly Part[] = [
    endLinks,
    endCase,
    stopRecovery,
    endProcess,
    endCredential,
    endContact,
    endVouching,
    endDevice,
    endSession,
    endClient,
    endSessions,
    endDeletion,
    endExport,
  ]

  return async (about, by) => {
    const ended: Ended[] = []
    for (const part of parts) {
      const word = await part(about, by)
      if (word !== undefined && !ended.includes(word)) ended.push(word)
    }
    return ended.length > 0 ? ended : ['nothing']
  }
}
