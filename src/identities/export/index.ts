// Owns "download everything about me": one job a person, which collects what lies in many services and leaves a sealed document that expires.
// What is in it says whoever builds the sections (house/personal-sections.ts); how it is shown, and to whom it is given, the entrance.

import type { Actor } from '../../domain/audit-event.ts'
import { Problem } from '../../domain/problem.ts'
import { readerOf } from '../../domain/reader.ts'
import type { Duration, Instant } from '../../domain/time.ts'
import { day, hour, minute } from '../../domain/time.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock, Random } from '../../ports/clock.ts'
import type { IdentityDirectory } from '../../ports/identity-directory.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { PersonalSeal } from '../../ports/personal-seal.ts'
import type { SendBudget } from '../../ports/send-budget.ts'
import type { DataExport, Store } from '../../ports/store.ts'
import { createExportPieces, type ExportPiece, type ExportSection } from './pieces.ts'

export interface ExportsTools {
  readonly store: Pick<Store, 'exports' | 'exportPieces'>
  readonly identities: IdentityDirectory
  readonly seal: PersonalSeal
  readonly queue: JobQueue
  readonly messenger: Messenger
  readonly budget: Pick<SendBudget, 'spend'>
  readonly audit: AuditLog
  readonly clock: Clock
  readonly random: Random
  readonly issuer: string
  /** In the order of the document. Asked when a job begins. */
  readonly sections: readonly ExportSection[]
  readonly settings: { readonly account: { readonly export_lifetime: Duration } }
}

/** Where somebody is who asks for everything that is kept about them, or for its end. */
export interface DataVisit {
  readonly language: string
  readonly address: string
  readonly userAgent?: string
  /** In which session it was asked for: "this wasn't me" ends that. */
  readonly sessionUid?: string
}

export type ExportState =
  | { readonly status: 'running'; readonly requestedAt: Instant }
  | { readonly status: 'ready'; readonly readyAt: Instant; readonly expiresAt: Instant }

export interface Exports {
  /** Begins one, or joins the one that runs; the person is written to when it is ready. Of N at once one begins; of many a day, ten. */
  request(identityId: string, visit: DataVisit, by: Actor): Promise<'begun' | 'joined' | 'too-often'>
  state(identityId: string): Promise<ExportState | undefined>
  /** The document of the identity, piece by piece, and when it was made; undefined when there is none (any more). Throws when a piece was altered. */
  open(
    identityId: string,
    by: Actor,
  ): Promise<{ readonly madeAt: Instant; readonly pieces: AsyncIterable<ExportPiece> } | undefined>
  /** Deletes what a run made, or stops it; false when it is gone. */
  discard(identityId: string, run: string): Promise<boolean>
}

interface Payload {
  readonly identityId: string
  readonly run: string
  readonly visit: DataVisit
}

/** Kind of job. */
export const exportKind = 'export'
/** A job that was given up, or whose row came without one (a crash): then another one may begin. */
const patience: Duration = 20 * minute
/** Each is work, and a message. */
const mostADay = 10

/** Registers itself with the queue. */
export function createExports(tools: ExportsTools): Exports {
  const { store, queue, audit, clock, random, settings } = tools
  const rows = store.exports
  const pieces = createExportPieces(tools)

  const runs = ({ readyAt, requestedAt }: DataExport) =>
    readyAt === undefined && Math.abs(clock() - requestedAt) < patience

  async function begin(identityId: string, before: DataExport | undefined): Promise<DataExport | undefined> {
    const now = clock()
    const draft = { id: identityId, run: random(16), requestedAt: now, expiresAt: now + keptAtMost(settings) }
    if (before === undefined) return (await rows.insert(draft)) ? { ...draft, version: 1 } : undefined
    return (await rows.replace({ ...draft, version: before.version })) ? { ...draft, version: 0 } : undefined
  }

  async function collect({ identityId, run }: Payload, row: DataExport): Promise<DataExport | undefined> {
    const written = await pieces.write(identityId, async () => (await rows.get(identityId))?.run === run)
    if (written === undefined) return undefined
    const readyAt = clock()
    const expiresAt = readyAt + settings.account.export_lifetime
    const ready = { ...row, ...written, readyAt, expiresAt }
    if (await rows.replace(ready)) return ready
    // Another try came first, another run began, or the person is gone.
    await pieces.dropIfGone(identityId)
    const now = await rows.get(identityId)
    return now?.run === run && now.readyAt !== undefined ? now : undefined
  }

  queue.handle<Payload>(exportKind, async (payload) => {
    const row = await rows.get(payload.identityId)
    if (row?.run !== payload.run) return
    const ready = row.readyAt === undefined ? await collect(payload, row) : row
    if (ready !== undefined) await tellReady(tools, payload, ready)
  })

  return {
    async request(identityId, visit, by) {
      const before = await rows.get(identityId)
      const joins = before !== undefined && runs(before)
      const often = { subject: `export ${identityId}`, most: mostADay, within: day }
      if (!joins && !(await tools.budget.spend([often]))) return 'too-often'
      const begun = joins ? undefined : await begin(identityId, before)
      const row = begun ?? (await rows.get(identityId))
      if (row === undefined) return 'joined'
      // Also for one that runs: whoever wrote its row may have died before the job was there. Of one name one is done.
      const payload: Payload = { identityId, run: row.run, visit }
      if (!(await queue.add(exportKind, payload, { id: row.run })))
        throw new Problem('busy', { retryAfter: 60 })
      if (begun === undefined) return 'joined'
      // Nobody finds the one before any more.
      if (before?.pieces !== undefined) await pieces.drop(before.pieces)
      await audit.record({
        action: 'export.requested',
        result: 'success',
        actor: by,
        identityId,
        details: { run: row.run },
      })
      return 'begun'
    },

    async state(identityId) {
      const row = await rows.get(identityId)
      if (row === undefined) return undefined
      const { readyAt, requestedAt, expiresAt } = row
      if (readyAt !== undefined) return { status: 'ready', readyAt, expiresAt }
      return runs(row) ? { status: 'running', requestedAt } : undefined
    },

    async open(identityId, by) {
      const row = await rows.get(identityId)
      if (row?.pieces === undefined || row.readyAt === undefined) return undefined
      await audit.record({ action: 'export.downloaded', result: 'success', actor: by, identityId })
      return {
        madeAt: row.readyAt,
        pieces: pieces.read(identityId, { pieces: row.pieces, count: row.count ?? 0 }),
      }
    },

    async discard(identityId, run) {
      const row = await rows.get(identityId)
      if (row?.run !== run) return false
      // By compare-and-set: another run is not touched.
      const gone = await rows.replace({ ...row, run: '', expiresAt: clock() })
      if (gone && row.pieces !== undefined) await pieces.drop(row.pieces)
      return gone
    },
  }
}

/** A run that never comes to its end is forgotten no later than a document would be. */
function keptAtMost({ account }: ExportsTools['settings']): Duration {
  return Math.max(hour, account.export_lifetime)
}

/** Once, also when whoever did it before died on the way: of the messages of one run one goes out. */
async function tellReady(
  { identities, messenger, issuer }: ExportsTools,
  { identityId, run, visit }: Payload,
  { readyAt = 0, expiresAt }: DataExport,
): Promise<void> {
  const { language, address, userAgent, sessionUid } = visit
  const reader = readerOf(await identities.get(identityId), { language })
  if (reader === undefined) return
  await messenger.send({
    ...reader,
    template: 'export-ready',
    values: {
      at: readyAt,
      due: expiresAt,
      address,
      ...(userAgent === undefined ? {} : { device: userAgent }),
      link: `${issuer}/account/data`,
    },
    about: { identityId, dataExport: run, ...(sessionUid === undefined ? {} : { session: sessionUid }) },
    once: `${exportKind} ${run}`,
  })
}
