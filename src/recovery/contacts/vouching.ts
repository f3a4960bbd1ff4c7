// Owns what is put to trusted contacts when somebody wants back in: asked once a process, answered once by each, in their own account. Everybody
// compares the same words by voice; nobody learns who else was asked, or what they said. Who the contacts are is in index.ts.
import type { Actor } from '../../domain/audit-event.ts'
import { day } from '../../domain/time.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Random } from '../../ports/clock.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { SendBudget } from '../../ports/send-budget.ts'
import type { VouchingRow } from '../../ports/store.ts'
import type { Digest } from '../../ports/vault.ts'
import type { Asked, Asking, Vouching } from '../../ports/vouching.ts'
import { createLetters, introduced, type LettersTools } from './letters.ts'
import { createPhrase, phraseLanguage } from './phrase.ts'
import { createContactRecord } from './record.ts'
import { createVouchingAnswers, type VouchingAnswers } from './vouching-answers.ts'
import { createVouchingBook, type VouchingBookTools } from './vouching-book.ts'
import { createVouchingDoubts, type VouchingDoubts } from './vouching-doubts.ts'

export interface VouchingTools extends VouchingBookTools, LettersTools {
  readonly random: Random
  readonly digest: Digest
  readonly queue: JobQueue
  readonly budget: SendBudget
  readonly audit: AuditLog
}

export interface Vouchings extends Vouching, VouchingAnswers, VouchingDoubts {}

const kind = 'vouching'

export function createVouchings(tools: VouchingTools): Vouchings {
  const { store, contacts, clock, random, digest, queue, budget, audit, identities } = tools
  const { settings } = contacts
  const book = createVouchingBook(tools)
  const letters = createLetters(tools)
  const record = createContactRecord(audit)

  queue.handle<{ readonly id: string }>(kind, ({ id }) => tell(id))

  /** Everybody once, however often this has to be tried. */
  async function tell(id: string): Promise<void> {
    const found = await book.find(id)
    const owner = found && (await identities.get(found.row.ownerId))
    if (found === undefined || owner === undefined) return
    const { able, asker } = found
    const { address, userAgent, language } = asker
    const origin = { language, address, ...(userAgent === undefined ? {} : { userAgent }) }
    const letter = { origin, once: `${kind} ${id}` }
    for (const { identity } of able)
      await letters(identity.id, {
        ...letter,
        template: 'contact-asked',
        link: `/account/vouching/requests/${id}`,
        values: introduced(owner),
        about: { vouching: id },
      })
    await letters(owner.id, {
      ...letter,
      template: 'contacts-asked',
      link: '/account/security',
      about: { vouching: id },
      everyChannel: true,
    })
    const by: Actor = { kind: 'system' }
    for (const { id: contact, identity } of able)
      await record('contact.asked', by, { other: identity.id, contact })
  }

  async function put(asking: Asking, id: string): Promise<VouchingRow | undefined> {
    const { process, identity, address, userAgent, language } = asking
    const counting = (await contacts.counting(identity.id)).contacts
    const daily = { subject: `vouching for ${identity.id}`, most: settings.requests_per_day, within: day }
    if (counting.length < settings.least || !(await budget.spend([daily]))) return undefined
    const at = clock()
    const own = identity.claims.locale ?? language
    const agent = userAgent === undefined ? {} : { userAgent }
    const asker = { address, ...agent, at, language: own, phrase: createPhrase(random, phraseLanguage(own)) }
    const asked = counting.map((contact) => contact.identity.id)
    const expiresAt = at + settings.request_lifetime
    const row = {
      id,
      ownerId: identity.id,
      process,
      asked,
      sealed: book.seal(asker, id),
      answers: [],
      expiresAt,
    }
    if (await store.vouchings.insert(row)) {
      const by: Actor = { kind: 'identity', id: identity.id, address, ...agent }
      const entry = {
        action: 'contact.asked',
        result: 'success',
        actor: by,
        identityId: identity.id,
      } as const
      await audit.record({ ...entry, details: { count: asked.length } })
    }
    return store.vouchings.get(id)
  }

  async function ask(asking: Asking): Promise<Asked> {
    const id = digest(`${kind} ${asking.process} ${asking.identity.id}`)
    const row = (await store.vouchings.get(id)) ?? (await put(asking, id))
    const found = row && (await book.find(id))
    if (found === undefined) return { status: 'paused' }
    // Again too: whoever died before this left nobody told, and a name is done once.
    await queue.add(kind, { id }, { id })
    return {
      status: 'asked',
      id,
      phrase: found.asker.phrase,
      language: phraseLanguage(found.asker.language),
      until: found.row.expiresAt,
    }
  }

  return {
    ...createVouchingAnswers(tools, book),
    ...createVouchingDoubts(tools, book),
    ask,

    async readySince(identityId) {
      const { contacts: counting, since } = await contacts.counting(identityId)
      return counting.length >= settings.least ? since : undefined
    },

    async state(id) {
      const found = await book.find(id)
      return found === undefined ? 'over' : book.verdict(found)
    },

    async collect(id) {
      for (;;) {
        const found = await book.find(id)
        const verdict = found === undefined ? 'over' : book.verdict(found)
        if (found === undefined || verdict !== 'vouched' || found.row.endedAt !== undefined) return verdict
        // Somebody who takes their word back in this very moment is either before it or too late.
        if (await store.vouchings.replace({ ...found.row, endedAt: clock() })) return verdict
      }
    },
  }
}
