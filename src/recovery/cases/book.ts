import type { EvidenceKind, RecoveryCase } from '../../domain/recovery-case.ts'
import type { Instant } from '../../domain/time.ts'
import type { CasePart } from '../../ports/case-part.ts'
import type { Random } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'

/** A file as it was sent; `type` by what it begins with. */
export interface CaseFile {
  readonly type: string
  readonly bytes: Buffer
}

/** A file as it is kept. */
export interface Attachment {
  readonly name: string
  readonly type: string
  /** Bytes. */
  readonly size: number
}

/** What a person says who opens a case. All of it is what they typed. */
export interface Statement {
  readonly identifier: string
  /** A mailbox that they can read now. */
  readonly reply: string
  readonly happened: string
  readonly evidence: readonly EvidenceKind[]
  /** What only the owner is likely to know of the account; never a secret. */
  readonly since?: string
  readonly applications?: string
  readonly contacts?: string
  readonly device?: string
}

interface Shown {
  readonly at: Instant
  readonly attachments: readonly Attachment[]
}

export type CaseEntry =
  | (Statement &
      Shown & {
        readonly kind: 'statement'
        readonly language: string
        readonly address: string
        readonly userAgent?: string
        /** Since when the browser that opened it is known as one of the owner's. */
        readonly knownSince?: Instant
      })
  | (Shown & {
      readonly kind: 'answer'
      readonly id: string
      readonly text: string
      readonly address: string
    })
  | { readonly kind: 'question'; readonly at: Instant; readonly by: string; readonly text: string }
  /** What a reviewer wrote for the others beside a decision. */
  | { readonly kind: 'note'; readonly at: Instant; readonly by: string; readonly text: string }

export type StatementEntry = Extract<CaseEntry, { kind: 'statement' }>

export interface CaseBookTools {
  readonly store: Pick<Store, 'caseParts'>
  readonly vault: Vault
  readonly random: Random
}

type Whose = Pick<RecoveryCase, 'id'> & { readonly identityId?: string | undefined }

/** What is written and attached in a case: sealed, files in pieces, and gone by itself at a time that is written into each part. */
export interface CaseBook {
  write(one: Whose, entry: CaseEntry, until: Instant): Promise<void>
  /** Keeps files before the entry that names them: a crash in between leaves pieces that nobody finds, until they expire. */
  attach(one: Whose, files: readonly CaseFile[], until: Instant): Promise<readonly Attachment[]>
  /** In the order in which they were written. */
  entries(caseId: string): Promise<readonly CaseEntry[]>
  /** Undefined when a piece of it is gone. */
  file(caseId: string, attachment: Attachment): Promise<Buffer | undefined>
  /** Nothing of the case is there after `until`. Can be repeated. */
  keepUntil(caseId: string, until: Instant): Promise<void>
}

const purpose = 'recovery-case'
/** Of a piece; a row stays far below what either engine takes. */
const pieceBytes = 192 * 1024
const perPage = 10

export function createCaseBook({ store, vault, random }: CaseBookTools): CaseBook {
  const rows = store.caseParts

  async function put({ id: caseId, identityId }: Whose, id: string, plain: string, until: Instant) {
    const whose = identityId === undefined ? {} : { identityId }
    await rows.insert({ id, caseId, ...whose, sealed: vault.seal(purpose, plain, id), expiresAt: until })
  }

  const opened = ({ id, sealed }: CasePart) => vault.open(purpose, sealed, id)

  async function keep(one: Whose, { type, bytes }: CaseFile, until: Instant): Promise<Attachment> {
    const name = random(12)
    for (let piece = 0; piece * pieceBytes < bytes.length; piece += 1) {
      const from = piece * pieceBytes
      const plain = bytes.toString('base64', from, Math.min(bytes.length, from + pieceBytes))
      await put(one, pieceId(one.id, name, piece), plain, until)
    }
    return { name, type, size: bytes.length }
  }

  return {
    // Two in one millisecond are told apart by chance; which of them comes first does not matter.
    write: (one, entry, until) =>
      put(one, `${one.id} entry ${stamp(entry.at)} ${random(6)}`, JSON.stringify(entry), until),

    async attach(one, files, until) {
      const kept: Attachment[] = []
      for (const file of files) kept.push(await keep(one, file, until))
      return kept
    },

    async entries(caseId) {
      const found: CaseEntry[] = []
      let after: string | undefined
      do {
        const query = { prefix: `${caseId} entry `, limit: perPage, ...(after && { after }) }
        const page = await rows.page(query)
        found.push(...page.items.map((row) => JSON.parse(opened(row)) as CaseEntry))
        after = page.next
      } while (after !== undefined)
      return found
    },

    async file(caseId, { name, size }) {
      const pieces: Buffer[] = []
      for (let piece = 0; piece * pieceBytes < size; piece += 1) {
        const row = await rows.get(pieceId(caseId, name, piece))
        if (row === undefined) return undefined
        pieces.push(Buffer.from(opened(row), 'base64'))
      }
      return Buffer.concat(pieces)
    },

    async keepUntil(caseId, until) {
      let after: string | undefined
      do {
        const where = { index: 'caseId', value: caseId }
        const page = await rows.page({ where, limit: perPage, ...(after && { after }) })
        for (const row of page.items)
          if (row.expiresAt !== until) await rows.replace({ ...row, expiresAt: until })
        after = page.next
      } while (after !== undefined)
    },
  }
}

function pieceId(caseId: string, name: string, piece: number): string {
  return `${caseId} file ${name} ${String(piece).padStart(4, '0')}`
}

function stamp(at: Instant): string {
  return String(at).padStart(15, '0')
}
