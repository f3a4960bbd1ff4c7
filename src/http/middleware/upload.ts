/**
 * Reads forms with files (multipart/form-data, RFC 7578) into memory, within limits that hold while it reads (S41). Text goes to `ctx.state.form` as from
 * any other form, files to `ctx.state.uploads`. Names and types that a sender gives a file are not looked at. What is done with a file is its handler's.
 */
import { Busboy } from '@fastify/busboy'
import { Problem } from '../../domain/problem.ts'
import type { Form } from '../../ports/factor.ts'
import type { WebContext } from '../context.ts'
import { type FileType, fileTypeOf } from './file-types.ts'
import { mostText, readForm, tooLarge, uniqueFields } from './form.ts'
import type { Middleware } from './middleware.ts'
import { addressGroup } from './proxy.ts'

export interface UploadRules {
  /** Names of the form's file fields; a file under any other is a bad form. */
  readonly fields: readonly string[]
  /** Files in one request, over all fields. */
  readonly most: number
  /** Of each file. */
  readonly maxBytes: number
  readonly types: readonly FileType[]
}

export interface UploadedFile {
  readonly fieldName: string
  /** By what it begins with. */
  readonly type: FileType
  readonly bytes: Buffer
}

/** Not kept, and the handler has a sentence for it: not of a wanted type, too large, or one too many. */
export interface RefusedFile {
  readonly fieldName: string
  readonly reason: 'type' | 'size' | 'count'
}

export interface Uploads {
  readonly files: readonly UploadedFile[]
  readonly refused: readonly RefusedFile[]
}

// Whoever chose a file that is a little too large is told so on their page: that much more is read, and not kept.
const patience = 3
const mostTextFields = 50

/** In the place of `form()`. A form without files may come url-encoded as well. */
export function upload(rules: UploadRules, room: UploadRoom): Middleware {
  return async (ctx, next) => {
    const place = room.enter(ctx.state.address)
    try {
      const none = { files: [], refused: [] }
      const { form, uploads } = ctx.is('multipart/form-data')
        ? await readParts(ctx, rules, place)
        : { form: await readForm(ctx), uploads: none }
      ctx.state.form = form
      ctx.state.uploads = uploads
      await next()
    } finally {
      place.leave()
    }
  }
}

/** What uploads that are read or worked on may hold in memory together. */
export interface UploadRoom {
  enter(address: string): Place
}

interface Place {
  /** For what came in of the body; false when there is no room for it. */
  take(bytes: number): boolean
  /** Gives everything back. */
  leave(): void
}

/** 503 when this many uploads are under way, or this much is held. One address cannot have all the places. */
export function createUploadRoom({ most = 48, perAddress = 4, bytes = 128 * 1024 * 1024 } = {}): UploadRoom {
  const running = new Map<string, number>()
  let [all, held] = [0, 0]
  return {
    enter(address) {
      const group = addressGroup(address)
      const own = running.get(group) ?? 0
      if (all >= most || own >= perAddress) throw busy()
      all += 1
      running.set(group, own + 1)
      let taken = 0
      return {
        take(size) {
          if (held + size > bytes) return false
          taken += size
          held += size
          return true
        },
        leave() {
          all -= 1
          held -= taken
          const left = (running.get(group) ?? 1) - 1
          if (left > 0) running.set(group, left)
          else running.delete(group)
        },
      }
    },
  }
}

const busy = () => new Problem('busy', { retryAfter: 2 })

/** What is left of the body stays unread. */
function noRoom(ctx: WebContext): Problem {
  ctx.set('Connection', 'close')
  return busy()
}

async function readParts(
  ctx: WebContext,
  rules: UploadRules,
  place: Place,
): Promise<{ form: Form; uploads: Uploads }> {
  const limit = patience * rules.most * rules.maxBytes + mostText
  if ((ctx.request.length ?? 0) > limit) throw tooLarge(ctx)
  const parts = createParts(ctx, rules)
  let size = 0
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > limit) throw tooLarge(ctx)
    if (!place.take(chunk.length)) throw noRoom(ctx)
    parts.write(chunk)
  }
  return parts.end()
}

/** The parts of one body as they come in. Throws `Problem('bad-form')`. */
function createParts(ctx: WebContext, rules: UploadRules) {
  const texts: [string, string][] = []
  const files: UploadedFile[] = []
  const refused: RefusedFile[] = []
  let textSize = 0
  let seen = 0
  let fault: Problem | undefined
  const fail = (cause?: unknown) => {
    fault ??= new Problem('bad-form', cause === undefined ? {} : { cause })
  }
  const parser = parserOf(ctx, rules)
  parser.on('field', (name, value, nameCut, valueCut) => {
    textSize += name?.length ?? 0
    textSize += value.length
    // U+FFFD stands where bytes were no UTF-8.
    if (!name || nameCut || valueCut || textSize > mostText || value.includes('\ufffd')) fail()
    else texts.push([name, value])
  })
  parser.on('file', (fieldName, stream, fileName) => {
    const chunks: Buffer[] = []
    if (!rules.fields.includes(fieldName)) fail()
    stream.on('error', fail)
    stream.on('data', (chunk: Buffer) => {
      // One that will not be kept is read to its end and forgotten.
      if (seen < rules.most && !stream.truncated) chunks.push(chunk)
    })
    stream.on('end', () => {
      const bytes = Buffer.concat(chunks)
      // What browsers send for a file field in which nothing was chosen.
      if (!fileName && bytes.length === 0) return
      seen += 1
      const type = fileTypeOf(bytes, rules.types)
      if (seen > rules.most) refused.push({ fieldName, reason: 'count' })
      else if (stream.truncated) refused.push({ fieldName, reason: 'size' })
      else if (type === undefined) refused.push({ fieldName, reason: 'type' })
      else files.push({ fieldName, type, bytes })
    })
  })
  for (const event of ['partsLimit', 'fieldsLimit', 'filesLimit'] as const) parser.on(event, () => fail())
  const done = new Promise<void>((resolve) => {
    parser.on('finish', resolve)
    parser.on('error', (cause) => {
      fail(cause)
      resolve()
    })
  })
  return {
    write(chunk: Buffer): void {
      if (fault === undefined) parser.write(chunk)
      if (fault === undefined) return
      // As with a body that is too large: what is left of it stays unread.
      ctx.set('Connection', 'close')
      throw fault
    },
    async end() {
      parser.end()
      await done
      if (fault !== undefined) throw fault
      return { form: uniqueFields(texts), uploads: { files, refused } }
    },
  }
}

function parserOf({ req }: WebContext, { most, maxBytes }: UploadRules) {
  try {
    return new Busboy({
      headers: { ...req.headers, 'content-type': req.headers['content-type'] ?? '' },
      limits: {
        fieldNameSize: 100,
        fieldSize: mostText,
        fields: mostTextFields,
        fileSize: maxBytes,
        // Somebody may choose too many, and is told so.
        files: 2 * most + 8,
        parts: mostTextFields + 2 * most + 8,
        headerPairs: 16,
        headerSize: 4096,
      },
    })
  } catch (cause) {
    throw new Problem('bad-form', { cause })
  }
}
