// Owns the questions that are answered somewhere else than in the browser that waits: put by a process, opened by whoever holds the secret
// (a mailed link, a phone), answered once, collected once by the process. What an answer proves is the factor's to say.
import { type Duration, type Instant, minute } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Elsewhere } from '../ports/factor.ts'
import type { Approval, Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import type { Visit } from './contexts.ts'
import type { Asker } from './processes.ts'

export interface ElsewhereTools {
  readonly store: Pick<Store, 'approvals' | 'replays'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
  /** Origin of this server as people see it. */
  readonly issuer: string
}

/** What whoever opens a question is shown: what was begun, from where, when. */
export interface OpenQuestion {
  readonly factor: string
  readonly application?: string
  readonly address: string
  readonly userAgent?: string
  readonly at: Instant
  /** Which process asks, when it was begun in this very browser: then it can go on here, and no number is needed. */
  readonly consumer?: string
}

export type Reply =
  | { readonly status: 'approved'; readonly question: OpenQuestion }
  | { readonly status: 'refused' }
  /** Not the number that the waiting page shows. */
  | { readonly status: 'mismatch'; readonly triesLeft: number }
  /** Answered already, expired, or never asked. */
  | { readonly status: 'gone' }

export interface Questioned {
  /** What a process may do, for its factors. Only with `asker` can it ask. */
  askedBy(factor: string, visit: Pick<Visit, 'address'> & Partial<Visit>, asker?: Asker): Elsewhere
  isAnswered(id: string): Promise<boolean>
  /** Takes nothing: programs that read mail open links too (S33). */
  look(secret: string, browser: string): Promise<OpenQuestion | undefined>
  /** Of any number of callers one answers. In another browser than the one that waits, `number` has to be right. */
  answer(
    secret: string,
    browser: string,
    reply: { readonly approve: boolean; readonly number?: string },
  ): Promise<Reply>
}

interface Put extends Omit<OpenQuestion, 'consumer'> {
  readonly consumer: string
  /** Digest of the browser that waits. */
  readonly browser: string
  readonly number: string
}

type Final = 'approved' | 'refused'

const gone = { status: 'gone' } as const
const purpose = 'approval'
/** Two digits can be guessed at: who is wrong this often ends the question. */
const numberTries = 3
/** What is raced for outlives the question: whoever read it in its last moment comes too late all the same. */
const margin = minute

export function createElsewhere(tools: ElsewhereTools): Questioned {
  const { store, vault, digest, clock, random, issuer } = tools
  const rows = store.approvals
  const answerTo = (id: string) => `${id} answer`

  function opened({ id, sealed }: Approval): Put {
    return JSON.parse(vault.open(purpose, sealed, id))
  }

  async function ask(put: Omit<Put, 'at' | 'number'>, lifetime: Duration) {
    const secret = random(32)
    const id = digest(secret)
    const now = clock()
    const number = twoDigits(random)
    const sealed = vault.seal(purpose, JSON.stringify({ ...put, at: now, number } satisfies Put), id)
    await rows.insert({ id, sealed, expiresAt: now + lifetime })
    // From the issuer and nothing else: a request's Host never reaches a message (S33).
    return { id, number, link: `${issuer}/answer?key=${secret}` }
  }

  /** Undefined when it expired, was collected, or never asked. */
  async function find(id: string) {
    const [question, answer] = await Promise.all([rows.get(id), rows.get(answerTo(id))])
    return question && { question, answer }
  }

  async function collect(id: string): Promise<'waiting' | Final> {
    const answer = (await find(id))?.answer
    if (answer === undefined || (await rows.take(id)) === undefined) return 'waiting'
    return vault.open(purpose, answer.sealed, answer.id) as Final
  }

  function shown({ browser, consumer, number: _number, ...question }: Put, here: string): OpenQuestion {
    return browser === digest(here) ? { ...question, consumer } : question
  }

  /** Of any number of answers the one that is inserted counts. */
  async function settle({ id, expiresAt }: Approval, answer: Final): Promise<boolean> {
    const sealed = vault.seal(purpose, answer, answerTo(id))
    return rows.insert({ id: answerTo(id), sealed, expiresAt: expiresAt + margin })
  }

  /** Takes one try before the number is looked at; answers how many are left, undefined when none was. */
  async function pay({ id, expiresAt }: Approval): Promise<number | undefined> {
    for (let left = numberTries - 1; left >= 0; left -= 1) {
      if (await store.replays.insert({ id: `number:${id}:${left}`, expiresAt: expiresAt + margin }))
        return left
    }
    return undefined
  }

  return {
    askedBy: (factor, { address, userAgent, application }, asker) => ({
      collect,
      ask(lifetime) {
        if (asker === undefined) throw new Error('only a process can ask elsewhere')
        const put = {
          factor,
          consumer: asker.consumer,
          browser: digest(asker.browser),
          address,
          ...(userAgent === undefined ? {} : { userAgent }),
          ...(application === undefined ? {} : { application }),
        }
        return ask(put, lifetime)
      },
    }),
    async isAnswered(id) {
      return (await find(id))?.answer !== undefined
    },
    async look(secret, browser) {
      const found = await find(digest(secret))
      return found && found.answer === undefined ? shown(opened(found.question), browser) : undefined
    },
    async answer(secret, browser, { approve, number }) {
      const found = await find(digest(secret))
      if (found === undefined || found.answer !== undefined) return gone
      const put = opened(found.question)
      const question = shown(put, browser)
      let final: Final = approve ? 'approved' : 'refused'
      if (approve && question.consumer === undefined) {
        const triesLeft = await pay(found.question)
        if (triesLeft === undefined) return gone
        const wrong = number?.trim() !== put.number
        if (wrong && triesLeft > 0) return { status: 'mismatch', triesLeft }
        if (wrong) final = 'refused'
      }
      if (!(await settle(found.question, final))) return gone
      return final === 'approved' ? { status: final, question } : { status: final }
    },
  }
}

/** 10 to 99, evenly. */
function twoDigits(random: Random): string {
  for (;;) {
    const draw = Buffer.from(random(1), 'base64url').readUInt8()
    if (draw < 180) return String(10 + (draw % 90))
  }
}
