import type { Actor } from '../../domain/audit-event.ts'
import type { Instant } from '../../domain/time.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { LinkOrigin } from '../links/index.ts'
import { createLetters, introduced, type LettersTools } from './letters.ts'
import { phraseLanguage } from './phrase.ts'
import { createContactRecord } from './record.ts'
import type { OpenVouching, VouchingBook, VouchingBookTools } from './vouching-book.ts'

interface AnswersTools extends VouchingBookTools, LettersTools {
  readonly audit: AuditLog
}

/** What a contact is shown before they answer: who asks, from where, when; nothing of the others. */
export interface VouchingRequest {
  readonly id: string
  readonly person: string
  readonly mailbox: string
  readonly address: string
  readonly userAgent?: string
  readonly at: Instant
  readonly until: Instant
  readonly phrase: readonly string[]
  /** In which language the words are. */
  readonly language: string
  /** Whoever reads the owner's mail, or is signed in as them, says that it is not them. */
  readonly doubted: boolean
  /** What they said already. */
  readonly answer?: 'approved' | 'refused'
}

/** `already`: they said so before, or cannot take a refusal back. `gone`: nobody asks them (any more). */
export type Answered = 'approved' | 'refused' | 'already' | 'gone'

export interface VouchingAnswers {
  /** What a contact is asked now, newest first. */
  requests(identityId: string): Promise<readonly VouchingRequest[]>
  /** The caller made sure that the sign-in is fresh. A word that was given can be taken back until it is collected, a refusal never. */
  answer(
    identityId: string,
    requestId: string,
    approves: boolean,
    visit: LinkOrigin,
    by: Actor,
  ): Promise<Answered>
  /** "This wasn't me", from a message: of a contact a refusal. False when there is nothing to refuse (any more). */
  disown(identityId: string, requestId: string, by: Actor): Promise<boolean>
  /** Whose way back somebody's word was collected for, and when; for a contact who finds out too late that it was not their friend. */
  vouchedFor(
    identityId: string,
    requestId: string,
  ): Promise<{ readonly ownerId: string; readonly since: Instant } | undefined>
}

export function createVouchingAnswers(tools: AnswersTools, book: VouchingBook): VouchingAnswers {
  const { store, identities, clock, audit } = tools
  const letters = createLetters(tools)
  const record = createContactRecord(audit)

  async function find(identityId: string, requestId: string): Promise<OpenVouching | undefined> {
    return (await book.askedOf(identityId)).find(({ row }) => row.id === requestId)
  }

  /** Exactly one of N equal answers is written. */
  async function write(
    identityId: string,
    requestId: string,
    approves: boolean,
  ): Promise<OpenVouching | 'already' | 'gone'> {
    for (;;) {
      const found = await find(identityId, requestId)
      const contact = found?.able.find(({ identity }) => identity.id === identityId)?.id
      if (found === undefined || contact === undefined) return 'gone'
      const { row } = found
      const said = row.answers.find((one) => one.contact === contact)
      if (said !== undefined && (approves || !said.approves)) return 'already'
      const others = row.answers.filter((one) => one !== said)
      const answers = [...others, { identityId, contact, approves, at: clock() }]
      if (await store.vouchings.replace({ ...row, answers })) return found
    }
  }

  async function tell({ row }: OpenVouching, identityId: string, approves: boolean, visit: LinkOrigin) {
    const owner = await identities.get(row.ownerId)
    if (owner === undefined) return
    if (approves)
      return letters(identityId, {
        template: 'contact-vouched',
        origin: visit,
        link: `/account/vouching/requests/${row.id}`,
        values: introduced(owner),
        about: { vouching: row.id },
      })
    // Not by whom, nor from where: whoever reads this need not be the owner.
    return letters(owner.id, {
      template: 'contact-refused',
      origin: { language: visit.language },
      link: '/account/security',
      about: { vouching: row.id },
      everyChannel: true,
    })
  }

  async function reply(
    identityId: string,
    requestId: string,
    approves: boolean,
    visit: LinkOrigin,
    by: Actor,
  ) {
    const written = await write(identityId, requestId, approves)
    if (typeof written === 'string') return written
    const word = approves ? 'approved' : 'refused'
    const contact = written.able.find(({ identity }) => identity.id === identityId)?.id ?? ''
    await record(`contact.${word}`, by, { doer: identityId, other: written.row.ownerId, contact })
    await tell(written, identityId, approves, visit)
    return word
  }

  return {
    async requests(identityId) {
      const asked = await book.askedOf(identityId)
      const shown = await Promise.all(asked.map((one) => requestFor(one, identityId)))
      return shown.flat()
    },

    answer: reply,

    async disown(identityId, requestId, by) {
      const visit = { language: 'en', address: by.address ?? '' }
      return (await reply(identityId, requestId, false, visit, by)) === 'refused'
    },

    async vouchedFor(identityId, requestId) {
      const row = await store.vouchings.get(requestId)
      const said = row?.answers.some((one) => one.identityId === identityId && one.approves)
      if (row?.endedAt === undefined || said !== true) return undefined
      return { ownerId: row.ownerId, since: row.endedAt }
    },
  }

  async function requestFor(
    { row, asker, able }: OpenVouching,
    identityId: string,
  ): Promise<VouchingRequest[]> {
    const owner = await identities.get(row.ownerId)
    const contact = able.find(({ identity }) => identity.id === identityId)?.id
    if (owner === undefined) return []
    const said = row.answers.find((one) => one.contact === contact)
    const answer = said === undefined ? {} : ({ answer: said.approves ? 'approved' : 'refused' } as const)
    return [
      {
        id: row.id,
        ...introduced(owner),
        ...asker,
        language: phraseLanguage(asker.language),
        until: row.expiresAt,
        doubted: row.doubtedAt !== undefined,
        ...answer,
      },
    ]
  }
}
