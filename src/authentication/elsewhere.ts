// Owns the questions that are answered somewhere else than in the browser that waits: put by a process, opened by whoever holds the secret
// of a mailed link or by the person's own signed devices (signed-devices.ts), answered once, collected once by the process. What an answer
// proves is the factor's to say.
import type { Duration, Instant } from '../domain/time.ts'
import type { Elsewhere } from '../ports/factor.ts'
import { type ApprovalsTools, createApprovals, type Put, twoDigits } from './approvals.ts'
import type { Visit } from './contexts.ts'
import { createInvitations } from './invitations.ts'
import type { Asker } from './processes.ts'

export interface ElsewhereTools extends ApprovalsTools {
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

/** Who asks, for its factors. */
interface Asking {
  readonly factor: string
  readonly identityId: string | undefined
  readonly visit: Pick<Visit, 'address'> & Partial<Visit>
  /** Only with it can anything be asked. */
  readonly asker?: Asker | undefined
  readonly clientId?: string | undefined
}

export interface Questioned {
  /** What a process, or an enrolment, may do. */
  askedBy(asking: Asking): Elsewhere
  isAnswered(id: string): Promise<boolean>
  /** The credential of the device that answered. */
  answeredBy(id: string): Promise<string | undefined>
  /** Takes nothing: programs that read mail open links too (S33). */
  look(secret: string, browser: string): Promise<OpenQuestion | undefined>
  /** Of any number of callers one answers. In another browser than the one that waits, `number` has to be right. */
  answer(
    secret: string,
    browser: string,
    reply: { readonly approve: boolean; readonly number?: string },
  ): Promise<Reply>
}

const gone = { status: 'gone' } as const

export function createElsewhere(tools: ElsewhereTools): Questioned {
  const { digest, clock, random, issuer } = tools
  const approvals = createApprovals(tools)
  const invitations = createInvitations(tools)

  async function ask(asking: Asking, lifetime: Duration, devices?: Put['devices']) {
    const { asker, factor, clientId, visit } = asking
    if (asker === undefined) throw new Error('only a process can ask elsewhere')
    const { address, userAgent, application } = visit
    const secret = random(32)
    const number = twoDigits(random)
    const put: Put = {
      factor,
      consumer: asker.consumer,
      browser: digest(asker.browser),
      address,
      at: clock(),
      number,
      ...(clientId === undefined ? {} : { clientId }),
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(application === undefined ? {} : { application }),
      ...(devices === undefined ? {} : { devices }),
    }
    return { secret, number, id: await approvals.put(secret, put, lifetime) }
  }

  /** The newer one: whoever begins again is not kept waiting for what they left; the number tells the two apart. */
  async function askDevices(asking: Asking, lifetime: Duration, memo: string) {
    const { identityId } = asking
    if (identityId === undefined) throw new Error('nobody has no devices')
    const { id, number } = await ask(asking, lifetime, { identityId, memo })
    const before = await approvals.takeTurn(identityId, id, clock() + lifetime)
    const old = before === undefined ? undefined : await approvals.find(before)
    if (old !== undefined && old.answer === undefined)
      await approvals.settle(old.question, { ending: 'replaced' })
    return { id, number }
  }

  /** Nothing that was put to devices can be opened with a link. */
  async function linked(secret: string) {
    const found = await approvals.find(digest(secret))
    if (found === undefined || found.answer !== undefined) return undefined
    const put = approvals.open(found.question)
    return put.devices === undefined ? { question: found.question, put } : undefined
  }

  function shown(put: Put, here: string): OpenQuestion {
    return put.browser === digest(here) ? { ...questionOf(put), consumer: put.consumer } : questionOf(put)
  }

  return {
    askedBy: (asking) => ({
      async ask(lifetime) {
        const { id, number, secret } = await ask(asking, lifetime)
        // From the issuer and nothing else: a request's Host never reaches a message (S33).
        return { id, number, link: `${issuer}/answer?key=${secret}` }
      },
      askDevices: (lifetime, memo) => askDevices(asking, lifetime, memo),
      collect: async (id) => (await approvals.collect(id)) ?? 'waiting',
      invite: (lifetime) => invitations.invite(asking, lifetime),
      invited: invitations.invited,
      uninvite: invitations.end,
    }),
    async isAnswered(id) {
      return (await approvals.find(id))?.answer !== undefined
    },
    async answeredBy(id) {
      const answer = (await approvals.find(id))?.answer
      return answer && approvals.answerIn(answer).by
    },
    async look(secret, browser) {
      const found = await linked(secret)
      return found && shown(found.put, browser)
    },
    async answer(secret, browser, { approve, number }) {
      const found = await linked(secret)
      if (found === undefined) return gone
      const question = shown(found.put, browser)
      let ending: 'approved' | 'refused' = approve ? 'approved' : 'refused'
      if (approve && question.consumer === undefined) {
        const triesLeft = await approvals.pay(found.question)
        if (triesLeft === undefined) return gone
        const wrong = number?.trim() !== found.put.number
        if (wrong && triesLeft > 0) return { status: 'mismatch', triesLeft }
        if (wrong) ending = 'refused'
      }
      if (!(await approvals.settle(found.question, { ending }))) return gone
      return ending === 'approved' ? { status: ending, question } : { status: ending }
    },
  }
}

/** Nothing of it says which browser waits, or what it shows. */
export function questionOf({ factor, application, address, userAgent, at }: Put): OpenQuestion {
  return {
    factor,
    address,
    at,
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(application === undefined ? {} : { application }),
  }
}
