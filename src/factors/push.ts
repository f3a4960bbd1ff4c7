import type { Credential } from '../domain/credential.ts'
import { type Duration, hour, type Instant, minute, second } from '../domain/time.ts'
import type { About, Context, Enrolled, Factor, Form, Verdict } from '../ports/factor.ts'
import type { SendBudget } from '../ports/send-budget.ts'
import type { NewDevice, SignedDevice, SignedFor } from '../ports/signed-device.ts'
import type { Subscription, Waker } from '../ports/waker.ts'
import { checkSigned, type DeviceKey, keyIn, signerOf } from './device-signature.ts'
import { qrPath } from './qr-path.ts'

/** `Config['factors']['push']`. */
export interface PushSettings {
  readonly enabled: boolean
  /** Of a request. */
  readonly lifetime: Duration
  /** Requests to one person. */
  readonly per_hour: number
}

export interface PushTools {
  readonly budget: SendBudget
  readonly waker: Waker
  readonly settings: PushSettings
}

/** The key that never leaves the phone, and where the phone can be woken. */
interface Data {
  readonly key: DeviceKey
  readonly subscription?: Subscription
}

interface Asked {
  /** Absent when nothing was asked, or the answer was looked at. */
  readonly id?: string
  readonly show: { readonly againAt: Instant; readonly [value: string]: unknown }
}

interface Inviting {
  readonly id: string
  readonly secret: string
}

type Challenge = Asked | Inviting

/** Long enough to find the phone; a code that lies around is good for nothing. */
const invitationLifetime: Duration = 5 * minute
const pause: Duration = 20 * second
const longestLabel = 60

/**
 * A request on the person's phone, which asks for the number that the sign-in page shows. The phone's web app signs the answer with a key that cannot be copied out
 * of it. One request at a time and a few an hour: somebody who is asked often enough says yes in the end (push fatigue).
 */
export function push({ budget, waker, settings: { lifetime, per_hour } }: PushTools) {
  async function begin(context: Context, phones: readonly Credential<Data>[], running?: Asked) {
    const { now, elsewhere } = context
    if (running !== undefined && running.show.againAt > now) return asked(running)
    const subject = subjectOf(context)
    if (!(await budget.spend([{ subject, most: per_hour, within: hour }])))
      return asked({ show: { over: 'budget', againAt: now + hour } })
    const { id, number } = await elsewhere.askDevices(lifetime, subject)
    const waitsUntil = now + lifetime
    await Promise.all(
      phones.map(
        ({ id: owner, data: { subscription } }) =>
          subscription && waker.wake(subscription, owner, waitsUntil),
      ),
    )
    const names = phones.flatMap(({ label }) => label ?? [])
    return asked({ id, show: { number, waitsUntil, againAt: now + pause, names } })
  }

  async function verify(
    { elsewhere, now }: Context,
    _credential: Credential<Data>,
    challenge: Asked | undefined,
  ): Promise<Verdict<Data>> {
    const ending = challenge?.id === undefined ? 'waiting' : await elsewhere.collect(challenge.id)
    if (ending === 'waiting') return { status: 'pending' }
    if (ending === 'approved') return { status: 'proved' }
    return { status: 'refused', reason: ending, instead: asked({ show: { over: ending, againAt: now } }) }
  }

  return {
    name: 'push',
    icon: 'phone',
    categories: ['possession'],
    amr: ['swk', 'user'],
    channel: 'push',
    first: false,
    single: false,
    resettable: false,
    lostWith: ['phone', 'devices'],
    unguessable: true,
    decoy: { key: { x: '', y: '' } },
    // Nothing is guessed at here: pages that look for the answer at the same moment must not use each other up.
    challengeTries: 100,
    begin: (context, phones, running) => begin(context, phones, running as Asked | undefined),
    verify: (context, credential, challenge) => verify(context, credential, challenge as Asked | undefined),
    elsewhere: ({ id }) => id,
    about,
    device: {
      signer: signerOf,
      check: ({ key }, signed, purpose) => checkSigned(key, signed, purpose),
      introduce,
      reachableAt,
      unreachableAt,
      async notify({ subscription }, owner, notice) {
        if (subscription !== undefined) await waker.notify(subscription, owner, notice)
      },
      async disowned(context, memo) {
        for (const subject of [memo, subjectOf(context)])
          await budget.exhaust({ subject, most: per_hour, within: hour })
      },
    },
    enrolment: {
      begin: (context, _enrolled, running) => invite(context, running as Inviting | undefined),
      finish: (context, challenge, form) => confirm(context, challenge as Inviting | undefined, form),
    },
  } satisfies Factor<Data, Challenge>
}

/** A browser in which the person signed in before counts by itself: a stranger who uses up the rest does not keep them out. */
function subjectOf({ identity, device }: Partial<Pick<Context, 'identity' | 'device'>>): string {
  return `push ${identity?.id ?? ''}${device === undefined ? '' : ` from ${device}`}`
}

function asked(challenge: Asked) {
  return { challenge, show: challenge.show }
}

function about({ subscription }: Data): About {
  return {
    values: { context: subscription === undefined ? 'open' : 'woken' },
    warn: subscription === undefined,
  }
}

// --- Adding a phone: it follows the invitation that the enrolling page shows; then the person says on that page that it is theirs.
async function invite({ elsewhere, origin }: Context, running: Inviting | undefined) {
  const guest = running === undefined ? 'gone' : await elsewhere.invited(running.id)
  if (running !== undefined && typeof guest !== 'string') {
    const { label, number, handle } = guest
    return { challenge: running, show: { guest: { label, number, handle }, save: 'confirm' } }
  }
  const goesOn = running !== undefined && guest === 'nobody'
  const invitation = goesOn ? running : await elsewhere.invite(invitationLifetime)
  // Behind the `#`, which browsers send to nobody: it stays out of every log on the way.
  const link = `${origin}/approve#${invitation.secret}`
  const seconds = invitationLifetime / second
  const renewed = running !== undefined && !goesOn
  const show = { link, qr: await qrPath(link), waits: invitation.id, seconds, renewed }
  return { challenge: invitation, show }
}

async function confirm(
  { elsewhere }: Context,
  invitation: Inviting | undefined,
  { guest: meant, confirm: answer }: Form,
): Promise<Enrolled<Data>> {
  if (invitation === undefined) return { status: 'refused', reason: 'challenge-expired' }
  const guest = await elsewhere.invited(invitation.id)
  // The very device whose name and number the person has seen, and no other.
  if (typeof guest === 'string' || meant !== guest.handle) return { status: 'refused', reason: 'pending' }
  if (answer === 'no') {
    await elsewhere.uninvite(invitation.id)
    return { status: 'refused', reason: 'pending' }
  }
  return { status: 'enrolled', data: guest.data as Data, handle: guest.handle, label: guest.label }
}

async function introduce(signed: string, purpose: SignedFor) {
  const brought = await keyIn(signed)
  const checked = brought && (await checkSigned(brought.key, signed, purpose))
  if (brought === undefined || checked === undefined || typeof checked === 'string') return undefined
  const { request } = checked
  const label = (request.form.name ?? '').replace(/\p{C}/gu, ' ').trim().slice(0, longestLabel)
  if (label === '') return undefined
  const subscription = subscriptionIn(request.form)
  const data = { key: brought.key, ...(subscription === undefined ? {} : { subscription }) }
  const device: NewDevice<Data> = { data, handle: brought.thumbprint, label }
  return { device, request }
}

// --- Where it is woken.
const reachableAt: SignedDevice<Data>['reachableAt'] = (data, form) => {
  const subscription = subscriptionIn(form)
  return subscription && { ...data, subscription }
}

const unreachableAt: SignedDevice<Data>['unreachableAt'] = ({ subscription, ...data }, address) =>
  subscription?.endpoint === address ? data : undefined

/** https alone; where it leads is looked at when something is sent there (S22). */
function subscriptionIn({ endpoint = '', p256dh = '', auth = '' }: Form): Subscription | undefined {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const wellFormed = /^[\w-]{87}=?$/.test(p256dh) && /^[\w-]{22}={0,2}$/.test(auth)
  if (url?.protocol !== 'https:' || endpoint.length > 1_000 || !wellFormed) return undefined
  return { endpoint: url.href, p256dh, auth }
}
