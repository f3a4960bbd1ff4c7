// Owns how questions that are answered elsewhere lie in the store: sealed, a row for the question and a row for its answer, neither ever
// changed. What counts is who inserts the one and who takes the other. Who may answer is said by elsewhere.ts and signed-devices.ts.
import { Problem } from '../domain/problem.ts'
import { type Duration, type Instant, minute } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Ending } from '../ports/factor.ts'
import type { Approval, Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'

export interface ApprovalsTools {
  readonly store: Pick<Store, 'approvals' | 'replays'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
}

/** A question as it was put. */
export interface Put {
  readonly factor: string
  readonly application?: string
  readonly address: string
  readonly userAgent?: string
  readonly at: Instant
  readonly clientId?: string
  /** Which process asks, and the digest of the browser that waits. */
  readonly consumer: string
  readonly browser: string
  /** What the page that waits shows. */
  readonly number: string
  /** Put to the signed devices of this identity and to nobody else. */
  readonly devices?: { readonly identityId: string; readonly memo: string }
}

export interface Answer {
  readonly ending: Ending
  /** The credential of the device that answered. */
  readonly by?: string
}

export interface Found {
  readonly question: Approval
  readonly answer: Approval | undefined
}

export interface Approvals {
  /** `secret` opens the question; its digest is the id. */
  put(secret: string, put: Put, lifetime: Duration): Promise<string>
  /** Undefined when it expired, was collected, or never asked. */
  find(id: string): Promise<Found | undefined>
  open(question: Approval): Put
  answerIn(answer: Approval): Answer
  /** True for exactly one answer. */
  settle(question: Approval, answer: Answer): Promise<boolean>
  /** To exactly one caller. */
  collect(id: string): Promise<Ending | undefined>
  /** Takes one try before the number is looked at; answers how many are left, undefined when none was. */
  pay(question: Approval): Promise<number | undefined>
  /** The one question that is open to the devices of an identity becomes this one; answers which one was. */
  takeTurn(identityId: string, id: string, expiresAt: Instant): Promise<string | undefined>
  turnOf(identityId: string): Promise<string | undefined>
}

const purpose = 'approval'
/** Two digits can be guessed at: who is wrong this often ends the question. */
const numberTries = 3
/** What is raced for outlives the question: whoever read it in its last moment comes too late all the same. */
const margin = minute
// Each lost round means that somebody else's question was put.
const mostRounds = 100

export function createApprovals({ store, vault, digest, clock }: ApprovalsTools): Approvals {
  const rows = store.approvals
  const answerTo = (id: string) => `${id} answer`
  const turnIdOf = (identityId: string) => vault.mac(purpose, `turn of ${identityId}`)
  const open = <Content>({ id, sealed }: Approval): Content => JSON.parse(vault.open(purpose, sealed, id))
  const seal = (id: string, content: unknown) => vault.seal(purpose, JSON.stringify(content), id)

  async function find(id: string): Promise<Found | undefined> {
    const [question, answer] = await Promise.all([rows.get(id), rows.get(answerTo(id))])
    return question && { question, answer }
  }

  async function settle({ id, expiresAt }: Approval, answer: Answer): Promise<boolean> {
    const sealed = seal(answerTo(id), answer)
    return rows.insert({ id: answerTo(id), sealed, expiresAt: expiresAt + margin })
  }

  async function pay({ id, expiresAt }: Approval): Promise<number | undefined> {
    for (let left = numberTries - 1; left >= 0; left -= 1) {
      if (await store.replays.insert({ id: `number:${id}:${left}`, expiresAt: expiresAt + margin }))
        return left
    }
    return undefined
  }

  async function takeTurn(identityId: string, id: string, expiresAt: Instant): Promise<string | undefined> {
    const turn = { id: turnIdOf(identityId), sealed: seal(turnIdOf(identityId), id), expiresAt }
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await rows.get(turn.id)
      if (row === undefined ? await rows.insert(turn) : await rows.replace({ ...row, ...turn }))
        return row && open<string>(row)
    }
    throw new Problem('busy', { retryAfter: 1 })
  }

  return {
    find,
    settle,
    pay,
    takeTurn,
    open: (question) => open<Put>(question),
    answerIn: (answer) => open<Answer>(answer),
    async put(secret, put, lifetime) {
      const id = digest(secret)
      await rows.insert({ id, sealed: seal(id, put), expiresAt: clock() + lifetime })
      return id
    },
    async collect(id) {
      const answer = (await find(id))?.answer
      if (answer === undefined || (await rows.take(id)) === undefined) return undefined
      return open<Answer>(answer).ending
    },
    async turnOf(identityId) {
      const row = await rows.get(turnIdOf(identityId))
      return row && open<string>(row)
    },
  }
}

/** 10 to 99, evenly. */
export function twoDigits(random: Random): string {
  for (;;) {
    const draw = Buffer.from(random(1), 'base64url').readUInt8()
    if (draw < 180) return String(10 + (draw % 90))
  }
}
