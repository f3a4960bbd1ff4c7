// Owns the questions that are answered somewhere else than in the browser that waits: put by a process, opened by whoever holds the secret
// (a mailed link, a phone), answered once, collected once by the process. What an answer proves is the factor's to say.
import type { Duration, Instant } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Elsewhere } from '../ports/factor.ts'
import type { Approval, Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import type { Visit } from './contexts.ts'
import type { Asker } from './processes.ts'

export interface ElsewhereTools {
  readonly store: Pick<Store, 'approvals'>
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

const purpose = 'approval'
/** Two digits can be guessed at: who is wrong this often ends the question. */
const numberTries = 3
const mostRounds = 50

export function createElsewhere(tools: ElsewhereTools): Questioned {
  const { store, vault, digest, clock, random, issuer } = tools
  const rows = store.approvals

  function opened({ id, sealed }: Approval): Put {
    return JSON.parse(vault.open(purpose, sealed, id))
  }

  async function ask(put: Omit<Put, 'at' | 'number'>, lifetime: Duration) {
    const secret = random(32)
    const id = digest(secret)
    const now = clock()
    const number = twoDigits(random)
    await rows.insert({
      id,
      state: 'asked',
      sealed: vault.seal(purpose, JSON.stringify({ ...put, at: now, number } satisfies Put), id),
      triesLeft: numberTries,
      expiresAt: now + lifetime,
    })
    // From the issuer and nothing else: a request's Host never reaches a message (S33).
    return { id, number, link: `${issuer}/answer?key=${secret}` }
  }

  async function collect(id: string): Promise<'waiting' | 'approved' | 'refused'> {
    const row = await rows.get(id)
    if (row === undefined || row.state === 'asked') return 'waiting'
    const taken = await rows.take(id)
    return taken === undefined || taken.state === 'asked' ? 'waiting' : taken.state
  }

  function shown({ browser, consumer, number: _number, ...question }: Put, here: string): OpenQuestion {
    return browser === digest(here) ? { ...question, consumer } : question
  }

  async function answerOnce(row: Approval, browser: string, reply: Parameters<Questioned['answer']>[2]) {
    const put = opened(row)
    const question = shown(put, browser)
    const matches = question.consumer !== undefined || reply.number?.trim() === put.number
    const wrong = reply.approve && !matches
    const triesLeft = row.triesLeft - (wrong ? 1 : 0)
    const state = !reply.approve || triesLeft <= 0 ? 'refused' : wrong ? 'asked' : 'approved'
    if (!(await rows.replace({ ...row, triesLeft, state }))) return undefined
    if (state === 'approved') return { status: 'approved', question } as const
    return state === 'refused'
      ? ({ status: 'refused' } as const)
      : ({ status: 'mismatch', triesLeft } as const)
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
      const row = await rows.get(id)
      return row !== undefined && row.state !== 'asked'
    },
    async look(secret, browser) {
      const row = await rows.get(digest(secret))
      return row?.state === 'asked' ? shown(opened(row), browser) : undefined
    },
    async answer(secret, browser, reply) {
      for (let round = 0; round < mostRounds; round += 1) {
        const row = await rows.get(digest(secret))
        if (row?.state !== 'asked') break
        const answered = await answerOnce(row, browser, reply)
        if (answered !== undefined) return answered
      }
      return { status: 'gone' }
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
