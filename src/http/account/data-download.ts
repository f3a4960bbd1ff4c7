import { Readable } from 'node:stream'
import type { ExportPiece } from '../../identities/export/pieces.ts'
import type { AppDependencies } from '../dependencies.ts'
import { actorOf, type SignedIn } from '../session.ts'
import { createDataDocument } from './data-document.ts'

export interface Downloads {
  /** False, and nothing was answered, when there is nothing to download (any more). */
  json(page: SignedIn): Promise<boolean>
  document(page: SignedIn): Promise<boolean>
}

/** Of the shape of the JSON file: docs/your-data.md. It changes when something in it takes another meaning or is gone. */
const format = 1

/** The two files. Both are written while they are sent: no more than a piece of them is held. */
export function createDownloads(deps: AppDependencies): Downloads {
  const { exports, settings } = deps
  const document = createDataDocument(deps)

  async function send(page: SignedIn, ending: 'json' | 'html', write: typeof inJson): Promise<boolean> {
    const { ctx, identity } = page
    const opened = await exports.open(identity.id, actorOf(page))
    if (opened === undefined) return false
    const made = { at: opened.madeAt, issuer: settings.issuer, page }
    ctx.status = 200
    ctx.type = ending
    ctx.attachment(`account-data-${new Date(opened.madeAt).toISOString().slice(0, 10)}.${ending}`)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = Readable.from(write(made, opened.pieces), { objectMode: false })
    return true
  }

  return {
    json: (page) => send(page, 'json', inJson),
    document: (page) => send(page, 'html', document),
  }
}

export interface Made {
  readonly at: number
  readonly issuer: string
  readonly page: SignedIn
}

/** One key a section, in the order in which they come. */
async function* inJson({ at, issuer }: Made, pieces: AsyncIterable<ExportPiece>): AsyncGenerator<string> {
  const head = { format, issuer, made_at: new Date(at).toISOString() }
  yield JSON.stringify(head, null, 2).replace(/\n}$/, '')
  let current: ExportPiece | undefined
  for await (const piece of pieces) {
    const begins = piece.section !== current?.section
    if (begins) {
      yield `${closing(current)},\n  ${JSON.stringify(piece.section)}: ${piece.single ? '' : '['}`
    }
    const items = piece.items.map((item) => JSON.stringify(item))
    const between = piece.single ? '' : '\n    '
    yield items.map((item, index) => `${index === 0 && begins ? '' : ','}${between}${item}`).join('')
    current = piece
  }
  yield `${closing(current)}\n}\n`
}

function closing(piece: ExportPiece | undefined): string {
  if (piece === undefined || piece.single) return ''
  return piece.items.length === 0 ? ']' : '\n  ]'
}
