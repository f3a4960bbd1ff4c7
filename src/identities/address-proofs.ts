// Owns the codes that prove a new address or number of somebody who is signed in (S35). It changes no identity: whoever confirms is told what was
// proved. Whether somebody else has it already shows nowhere; its owner is told (S32).
import { type Identifier, type IdentifierKind, masked, parseAs } from '../domain/identifier.ts'
import type { Identity } from '../domain/identity.ts'
import { createCode } from '../domain/one-time-code.ts'
import { readerAt } from '../domain/reader.ts'
import { type Duration, hour, type Instant, minute, second } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { SendBudget, SendLimit } from '../ports/send-budget.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { createAwaitedCodes, type Typed } from './awaited-codes.ts'
import type { Identities } from './index.ts'

export type AddressKind = Extract<IdentifierKind, 'email' | 'phone'>

export interface AddressProofsTools {
  readonly store: Pick<Store, 'registrations'>
  readonly identities: Pick<Identities, 'get' | 'findByIdentifier'>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly messenger: Messenger
  readonly budget: SendBudget
  readonly issuer: string
  readonly settings: {
    readonly code_lifetime: Duration
    readonly code_tries: number
    /** Codes that one person can ask for. */
    readonly per_hour: number
  }
  /** What a message to this address is charged to. */
  readonly limits: Readonly<Record<AddressKind, (value: string) => readonly SendLimit[]>>
}

export interface Wish {
  readonly kind: AddressKind
  readonly written: string
  /** The normalised value of the one that it is to replace. */
  readonly replaces?: string
}

export interface ProofVisit {
  readonly language: string
  readonly address: string
  readonly userAgent?: string
}

export type ProofBegun =
  | { readonly status: 'sent' }
  /** `own`: it is the person's already, and proved. */
  | { readonly status: 'invalid'; readonly reason: 'malformed' | 'own' }

export interface PendingProof {
  /** Masked. */
  readonly to: string
  /** Before that, asking again sends nothing. */
  readonly againAt: Instant
}

export type AddressProved = Typed<Wish>

export interface AddressProofs {
  /** One at a time of each kind: a code that was asked for before is void. `sent` as well when nothing may be sent any more. */
  begin(identityId: string, wish: Wish, visit: ProofVisit): Promise<ProofBegun>
  /** The same once more, with a new code; not before its time. */
  again(identityId: string, kind: AddressKind, visit: ProofVisit): Promise<void>
  pending(identityId: string, kind: AddressKind): Promise<PendingProof | undefined>
  /** Codes that were sent and not used are void. */
  drop(identityId: string): Promise<void>
  /** A try is paid for before the code is looked at; exactly one is `proved`. */
  confirm(identityId: string, kind: AddressKind, code: string): Promise<AddressProved>
}

interface Sealed extends Wish {
  readonly value: string
  readonly againAt: Instant
}

const purpose = 'address-proof'
const pause: Duration = 30 * second
/** Takes a message that nobody shall get: the work is the same as for one that arrives. */
const nowhere: Identifier = { kind: 'username', value: '', written: '' }

export function createAddressProofs(tools: AddressProofsTools): AddressProofs {
  const { store, identities, vault, clock, random, messenger, budget, settings, limits, issuer } = tools
  const rowId = (identityId: string, kind: AddressKind) => vault.mac(purpose, `${identityId} ${kind}`)
  const { opened, write, ...codes } = createAwaitedCodes<Sealed>(purpose, tools)

  /** The owner of a taken address learns that it was tried, and whoever tried learns nothing. */
  async function tell(
    to: Identifier,
    identity: Identity,
    owner: Identity | undefined,
    sent: Sent,
  ): Promise<void> {
    const { visit, code, affordable } = sent
    const { address, userAgent } = visit
    const about = { at: clock(), address, ...(userAgent === undefined ? {} : { device: userAgent }) }
    const reachable = affordable ? to : nowhere
    if (owner === undefined) {
      // Without a name: whoever this address belongs to may not know the person, who calls themselves what they like.
      const values = { ...about, code, minutes: settings.code_lifetime / minute }
      const { name: _name, ...reader } = readerAt(reachable, identity, visit)
      await messenger.send({ template: 'address-code', ...reader, values })
    } else {
      const values = { ...about, link: `${issuer}/account` }
      const reader = readerAt(reachable, owner, visit)
      await messenger.send({ template: 'address-taken', ...reader, values })
    }
  }

  async function send(identity: Identity, wish: Wish, to: Identifier, visit: ProofVisit): Promise<void> {
    const id = rowId(identity.id, wish.kind)
    const before = await store.registrations.get(id)
    const owner = await identities.findByIdentifier(wish.kind, to.value)
    const taken = owner !== undefined && owner.id !== identity.id ? owner : undefined
    const own = { subject: `${purpose} ${identity.id}`, most: settings.per_hour, within: hour }
    const affordable = await budget.spend([own, ...limits[wish.kind](to.value)])
    const code = createCode(random)
    const sealed = { ...wish, value: to.value, againAt: clock() + pause }
    // Too many: the code that was sent there last stays good, and a new one would reach nobody.
    const keepsLast = !affordable && before !== undefined && opened(before).value === to.value
    if (keepsLast) await store.registrations.replace(before)
    else await write(id, sealed, affordable && taken === undefined ? code : random(16))
    await tell(to, identity, taken, { visit, code, affordable })
  }

  return {
    async begin(identityId, wish, visit) {
      const identity = await identities.get(identityId)
      const to = parseAs(wish.kind, wish.written)
      if (identity === undefined || to === undefined) return { status: 'invalid', reason: 'malformed' }
      const own = identity.identifiers.find(({ kind, value }) => kind === to.kind && value === to.value)
      if (own?.verifiedAt !== undefined) return { status: 'invalid', reason: 'own' }
      const { kind, written } = { ...to, kind: wish.kind }
      const { replaces } = wish
      const replaced = replaces === undefined || replaces === to.value ? {} : { replaces }
      await send(identity, { kind, written, ...replaced }, to, visit)
      return { status: 'sent' }
    },

    async again(identityId, kind, visit) {
      const identity = await identities.get(identityId)
      const row = await store.registrations.get(rowId(identityId, kind))
      if (identity === undefined || row === undefined) return
      const { againAt, value: _value, ...wish } = opened(row)
      const to = parseAs(kind, wish.written)
      if (to !== undefined && againAt <= clock()) await send(identity, wish, to, visit)
    },

    async pending(identityId, kind) {
      const row = await store.registrations.get(rowId(identityId, kind))
      if (row === undefined || row.triesLeft <= 0) return undefined
      const { written, againAt } = opened(row)
      return { to: masked({ kind, written }), againAt }
    },

    async drop(identityId) {
      for (const kind of ['email', 'phone'] as const)
        await store.registrations.remove(rowId(identityId, kind))
    },

    async confirm(identityId, kind, code) {
      const typed = await codes.confirm(rowId(identityId, kind), code)
      if (typed.status !== 'proved') return typed
      const { againAt: _againAt, value: _value, ...wish } = typed.wish
      return { status: 'proved', wish }
    },
  }
}

interface Sent {
  readonly visit: ProofVisit
  readonly code: string
  readonly affordable: boolean
}
