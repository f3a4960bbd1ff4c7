// Owns what the signed devices of people may do by themselves: follow an invitation, see the question that is open to them, answer it, say where
// they can be woken. Every request is signed; how that is checked knows their factor. What an answer is worth is decided where it is collected.
import { displayName, type Identity, may } from '../domain/identity.ts'
import { readerOf } from '../domain/reader.ts'
import { type Instant, minute } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ending, Factor, Factors, Form } from '../ports/factor.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { SignedFor, SignedRequest } from '../ports/signed-device.ts'
import type { Notice } from '../ports/waker.ts'
import { type ApprovalsTools, createApprovals, type Found, type Put } from './approvals.ts'
import type { Visit } from './contexts.ts'
import type { Credentials, SealedCredential } from './credentials.ts'
import { type OpenQuestion, questionOf } from './elsewhere.ts'
import { createInvitations } from './invitations.ts'
import type { Journal } from './journal.ts'
import type { Processes } from './processes.ts'
import type { People } from './situations.ts'

export interface SignedDevicesTools extends ApprovalsTools {
  readonly clock: Clock
  readonly factors: Factors
  readonly identities: Pick<People, 'get'>
  readonly credentials: Credentials
  readonly processes: Pick<Processes, 'stop'>
  readonly endResults?: EndResults
  readonly journal: Journal
  readonly messenger: Messenger
  readonly issuer: string
}

/** Ends what came of a process, and what is about to. */
export type EndResults = (identityId: string, processId: string) => Promise<unknown>

/** A request that was signed, and what for. */
export interface Signed {
  readonly text: string
  readonly purpose: Omit<SignedFor, 'now'>
}

/** `unknown`: no such device (any more). `late`: its clock is wrong, or the way here was long. `wrong`: forged, or a copy of one that was heard. */
export type Unheard = { readonly status: 'unknown' | 'late' | 'wrong' }

export interface DeviceQuestion extends OpenQuestion {
  readonly id: string
  readonly until: Instant
}

export type DeviceReply =
  | { readonly status: Exclude<Ending, 'replaced'> }
  | { readonly status: 'mismatch'; readonly triesLeft: number }
  | { readonly status: 'gone' }

export interface SignedDevices {
  /** What an invitation is for, in the person's own words. Takes nothing. */
  invitation(secret: string): Promise<{ readonly account: string } | undefined>
  /** Of any number of devices the first is the one; it counts once the person confirms it where it was invited. */
  follow(
    signed: Signed,
  ): Promise<{ readonly status: 'followed'; readonly number: string } | { readonly status: 'gone' | 'wrong' }>
  /** Whether the page that invited may go on. */
  isFollowed(invitationId: string): Promise<boolean>
  /** The one question that is open to the device, and whose device it is. */
  look(signed: Signed): Promise<
    | {
        readonly status: 'heard'
        readonly identityId: string
        readonly question?: DeviceQuestion
        readonly reachable: boolean
      }
    | Unheard
  >
  /** Whose device says something that is no answer to a question of the engine's, and what. */
  hear(
    signed: Signed,
  ): Promise<{ readonly status: 'heard'; readonly identityId: string; readonly form: Form } | Unheard>
  /** Of any number of answers one counts. The form has `question`, `decision` (`allow`, `deny`, `disown`) and, to allow, the `number` that the waiting page shows. */
  answer(signed: Signed, visit: Visit): Promise<DeviceReply | Unheard>
  /** The form says where the device is woken. */
  reachable(signed: Signed): Promise<{ readonly status: 'kept' | 'refused' } | Unheard>
  /** Nobody is at this address any more. */
  unreachable(credentialId: string, address: string): Promise<void>
  /** Wakes every device of theirs: there is something that its app has to show. May be repeated. */
  notify(identityId: string, notice: Notice): Promise<void>
}

interface Heard {
  readonly status: 'heard'
  readonly factor: Factor
  readonly identity: Identity
  readonly stored: SealedCredential
  readonly form: Form
}

type Open = { readonly found: Found; readonly put: Put }

const gone = { status: 'gone' } as const
/** A copy is known as one for longer than it could be taken for new, whatever clocks do meanwhile. */
const margin = 5 * minute
const mostRounds = 20

export function createSignedDevices(tools: SignedDevicesTools): SignedDevices {
  const { store, clock, factors, identities, credentials, processes, journal, messenger } = tools
  const approvals = createApprovals(tools)
  const invitations = createInvitations(tools)
  const signing = factors.filter((factor) => factor.device !== undefined)
  const purposeOf = ({ purpose }: Signed): SignedFor => ({ ...purpose, now: clock() })

  async function isNew(signer: string, { nonce, until }: SignedRequest): Promise<boolean> {
    return store.replays.insert({ id: `device:${signer}:${nonce}`, expiresAt: until + margin })
  }

  async function hear(signed: Signed): Promise<Heard | Unheard> {
    for (const factor of signing) {
      const handle = factor.device?.signer(signed.text)
      const stored = handle === undefined ? undefined : await credentials.byHandle(factor.name, handle)
      if (stored !== undefined) return hearDevice(factor, stored, signed)
    }
    return { status: 'unknown' }
  }

  async function hearDevice(
    factor: Factor,
    stored: SealedCredential,
    signed: Signed,
  ): Promise<Heard | Unheard> {
    const { data } = credentials.open(stored)
    const checked = (await factor.device?.check(data, signed.text, purposeOf(signed))) ?? 'wrong'
    if (checked === 'late' || checked === 'wrong') return { status: checked }
    const identity = await identities.get(stored.identityId)
    // Whoever is suspended may come back: a device that hears `unknown` throws its key away.
    if (identity === undefined || identity.state === 'deleted') return { status: 'unknown' }
    if (!(await isNew(stored.id, checked.request))) return { status: 'wrong' }
    return { status: 'heard', factor, identity, stored, form: checked.request.form }
  }

  async function openTo({ factor, identity }: Heard): Promise<Open | undefined> {
    if (!may(identity, 'sign-in')) return undefined
    const id = await approvals.turnOf(identity.id)
    const found = id === undefined ? undefined : await approvals.find(id)
    if (found === undefined || found.answer !== undefined) return undefined
    const put = approvals.open(found.question)
    return put.factor === factor.name && put.devices?.identityId === identity.id ? { found, put } : undefined
  }

  async function answer(signed: Signed, visit: Visit): Promise<DeviceReply | Unheard> {
    const heard = await hear(signed)
    if (heard.status !== 'heard') return heard
    const { form, stored } = heard
    const open = await openTo(heard)
    if (open === undefined || open.found.question.id !== form.question) return gone
    let ending: Exclude<Ending, 'replaced'> = endingOf(form.decision)
    if (ending === 'approved') {
      const triesLeft = await approvals.pay(open.found.question)
      if (triesLeft === undefined) return gone
      const wrong = form.number?.trim() !== open.put.number
      if (wrong && triesLeft > 0) return { status: 'mismatch', triesLeft }
      if (wrong) ending = 'refused'
    }
    if (!(await approvals.settle(open.found.question, { ending, by: stored.id }))) return gone
    if (ending === 'disowned') await stop(heard, open.put, visit)
    return { status: ending }
  }

  /** The attempt is over for whoever made it, even if they have not looked again; the next one is dearer; its owner has it in writing. */
  async function stop({ factor, identity }: Heard, put: Put, visit: Visit): Promise<void> {
    await processes.stop(put.consumer, identity.id)
    // Whoever did not wait for the phone may be in by another way.
    await tools.endResults?.(identity.id, tools.digest(put.consumer))
    await factor.device?.disowned({ identity }, put.devices?.memo ?? '')
    const about = { clientId: put.clientId, identityId: identity.id, identifier: undefined }
    const details = { factor: factor.name }
    await journal.record({ ...about, details, action: 'authentication.disowned', result: 'success' }, visit)
    const reader = readerOf(identity, visit)
    if (reader === undefined) return
    const { application, address, userAgent, at } = put
    await messenger.send({
      template: 'sign-in-disowned',
      ...reader,
      values: {
        address,
        at,
        link: new URL('/account/security', tools.issuer).href,
        ...(application === undefined ? {} : { application }),
        ...(userAgent === undefined ? {} : { device: userAgent }),
      },
    })
  }

  async function follow(signed: Signed) {
    for (const factor of signing) {
      const introduced = await factor.device?.introduce(signed.text, purposeOf(signed))
      if (introduced === undefined) continue
      const { device, request } = introduced
      const secret = request.form.invitation ?? ''
      if ((await invitations.look(secret))?.factor !== factor.name) return gone
      const number = await invitations.follow(secret, device)
      return number === undefined ? gone : ({ status: 'followed', number } as const)
    }
    return { status: 'wrong' } as const
  }

  /** By compare-and-set: what is enrolled may be renamed or used at the same moment. */
  async function amend(credentialId: string, change: (factor: Factor, data: unknown) => unknown) {
    for (let round = 0; round < mostRounds; round += 1) {
      const stored = await credentials.get(credentialId)
      const factor = signing.find(({ name }) => name === stored?.factor)
      if (stored === undefined || factor === undefined) return false
      const data = change(factor, credentials.open(stored).data)
      if (data === undefined) return false
      if (await credentials.amend(stored, data)) return true
    }
    return false
  }

  return {
    follow,
    answer,
    async invitation(secret) {
      const invitation = await invitations.look(secret)
      const identity = invitation && (await identities.get(invitation.identityId))
      return identity && { account: identity.identifiers[0]?.written ?? displayName(identity) }
    },
    async isFollowed(invitationId) {
      return typeof (await invitations.invited(invitationId)) !== 'string'
    },
    async look(signed) {
      const heard = await hear(signed)
      if (heard.status !== 'heard') return heard
      const open = await openTo(heard)
      const { id = '', expiresAt: until = 0 } = open?.found.question ?? {}
      return {
        status: 'heard',
        identityId: heard.identity.id,
        reachable: heard.factor.about?.(credentials.open(heard.stored).data).warn === false,
        ...(open === undefined ? {} : { question: { ...questionOf(open.put), id, until } }),
      }
    },
    async hear(signed) {
      const heard = await hear(signed)
      if (heard.status !== 'heard') return heard
      return { status: 'heard', identityId: heard.identity.id, form: heard.form }
    },
    async reachable(signed) {
      const heard = await hear(signed)
      if (heard.status !== 'heard') return heard
      const kept = await amend(heard.stored.id, ({ device }, data) => device?.reachableAt(data, heard.form))
      return { status: kept ? 'kept' : 'refused' }
    },
    async unreachable(credentialId, address) {
      await amend(credentialId, ({ device }, data) => device?.unreachableAt(data, address))
    },
    async notify(identityId, notice) {
      for (const stored of await credentials.of(identityId)) {
        const factor = signing.find(({ name }) => name === stored.factor)
        if (factor !== undefined)
          await factor.device?.notify(credentials.open(stored).data, stored.id, notice)
      }
    },
  }
}

function endingOf(decision: string | undefined): Exclude<Ending, 'replaced'> {
  if (decision === 'allow') return 'approved'
  return decision === 'disown' ? 'disowned' : 'refused'
}
