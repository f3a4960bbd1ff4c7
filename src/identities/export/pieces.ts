import type { Duration } from '../../domain/time.ts'
import { hour } from '../../domain/time.ts'
import type { DataPiece } from '../../ports/store.ts'
import type { ExportsTools } from './index.ts'

/** JSON values; moments as ISO 8601 text in UTC. Never a secret. */
export type ExportItem = Readonly<Record<string, unknown>>

/** One kind of thing that is kept about a person. */
export interface ExportSection {
  /** Key in the document, and of its words under `data:sections.`. */
  readonly name: string
  /** There is one of it, and not a list. */
  readonly single?: true
  /** As few at a time as there may be many. */
  read(identityId: string): AsyncIterable<ExportItem>
}

/** A part of a section. A section without anything in it has one all the same. */
export interface ExportPiece {
  readonly section: string
  readonly single: boolean
  readonly items: readonly ExportItem[]
}

interface Written {
  readonly pieces: string
  readonly count: number
}

const purpose = 'export'
/** A row stays far below what any engine takes, and a process holds no more than this of a document. */
const pieceSize = 200_000
const pageSize = 4
/** Time to read it all; a piece that is needed no more goes by itself. */
const slack: Duration = hour

/** The document itself: written and read piece by piece. */
export function createExportPieces(tools: ExportsTools) {
  const { store, identities, seal, sections, random, clock, settings } = tools
  const rows = store.exportPieces

  async function put(id: string, identityId: string, piece: ExportPiece): Promise<boolean> {
    const sealed = await seal.seal(identityId, purpose, JSON.stringify(piece), id)
    if (sealed === undefined) return false
    const expiresAt = clock() + settings.account.export_lifetime + slack
    return rows.insert({ id, identityId, sealed, expiresAt })
  }

  async function dropIfGone(identityId: string): Promise<void> {
    const identity = await identities.get(identityId)
    if (identity === undefined || identity.state === 'deleted') await rows.removeBy('identityId', identityId)
  }

  async function* inPieces(identityId: string): AsyncGenerator<ExportPiece> {
    for (const { name: section, single = false, read } of sections) {
      let items: ExportItem[] = []
      let size = 0
      let any = false
      for await (const item of read(identityId)) {
        items.push(item)
        size += JSON.stringify(item).length
        if (size < pieceSize) continue
        yield { section, single, items }
        any = true
        items = []
        size = 0
      }
      if (items.length > 0 || !any) yield { section, single, items }
    }
  }

  return {
    dropIfGone,

    /** Answers what the ids of the pieces begin with, and how many there are; undefined when the person is gone, or nobody `wants` it any more. */
    async write(identityId: string, wants: () => Promise<boolean>): Promise<Written | undefined> {
      // Of this try alone: one that was cut short, or still goes on elsewhere, leaves no gap and no mixture.
      const prefix = random(12)
      let count = 0
      for await (const piece of inPieces(identityId)) {
        const id = `${prefix}:${String(count).padStart(6, '0')}`
        if (!(await wants()) || !(await put(id, identityId, piece))) {
          await dropIfGone(identityId)
          return undefined
        }
        count += 1
      }
      return { pieces: prefix, count }
    },

    async drop(prefix: string): Promise<void> {
      for (;;) {
        const { items } = await rows.page({ prefix: `${prefix}:`, limit: 100 })
        if (items.length === 0) return
        for (const { id } of items) await rows.remove(id)
      }
    },

    /** Throws when some of it is gone: what was cut short must not look whole. */
    async *read(identityId: string, { pieces: prefix, count }: Written): AsyncGenerator<ExportPiece> {
      let left = count
      for (let after: string | undefined; ; ) {
        const query = { prefix: `${prefix}:`, limit: pageSize, ...(after === undefined ? {} : { after }) }
        const page = await rows.page(query)
        for (const row of page.items) yield await opened(identityId, row)
        left -= page.items.length
        if (page.next === undefined) break
        after = page.next
      }
      if (left > 0) throw new Error('a copy of data was deleted while it was read')
    },
  }

  async function opened(identityId: string, { id, sealed }: DataPiece): Promise<ExportPiece> {
    const text = await seal.open(identityId, purpose, sealed, id)
    if (text === undefined) throw new Error('the person was deleted while their data was read')
    return JSON.parse(text) as ExportPiece
  }
}
