// Owns self-registration: an address is proved by a code before an identity exists. What happens next (a way to sign in) is the engine's.
// An address that somebody has already looks the same from outside: same answers, same work, and its owner is told by mail.
import type { Actor } from '../domain/audit-event.ts'
import { changedClaims } from '../domain/claims.ts'
import { type Identifier, masked, parseAs } from '../domain/identifier.ts'
import { type Identity, mailAddress } from '../domain/identity.ts'
import { createCode } from '../domain/one-time-code.ts'
import { readerAt } from '../domain/reader.ts'
import { type Duration, minute } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { createAwaitedCodes } from './awaited-codes.ts'
import type { Identities } from './index.ts'
import { createMailBudget } from './mail-budget.ts'

export interface RegistrationsTools {
  readonly store: Pick<Store, 'registrations' | 'attempts'>
  readonly identities: Pick<Identities, 'findByIdentifier' | 'create'>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly settings: {
    readonly open: boolean
    readonly allowed_domains: readonly string[]
    readonly code_lifetime: Duration
    readonly code_tries: number
  }
  /** Where the owner of an existing address is sent. */
  readonly issuer: string
}

export interface RegistrationForm {
  readonly email: string
  readonly name?: string
  readonly language: string
  readonly application?: string
  /** Where from, for the audit. */
  readonly origin?: Pick<Actor, 'address' | 'userAgent' | 'traceId'>
}

export type Begun =
  | { readonly status: 'sent' }
  | { readonly status: 'invalid'; readonly reason: 'email' | 'domain' | 'name' | 'closed' }

export type Confirmed =
  | { readonly status: 'confirmed'; readonly identityId: string }
  | { readonly status: 'refused'; readonly triesLeft: number }
  | { readonly status: 'expired' }

export interface Registrations {
  readonly open: boolean
  /** Sends a code, or tells the owner of an address that is taken; `sent` as well when the mailbox got too much already. Again: a new code. */
  begin(processId: string, form: RegistrationForm): Promise<Begun>
  /** A try is paid for before the code is looked at; the code is spent by exactly one. */
  confirm(processId: string, code: string, origin?: RegistrationForm['origin']): Promise<Confirmed>
  pending(processId: string): Promise<{ readonly email: string } | undefined>
}

interface Wish {
  readonly email: string
  readonly name?: string
  /** Of the page that they registered on: what others cause later is told to them in it. */
  readonly language?: string
}

const purpose = 'registration'
/** Takes a message that nobody shall get: the work is the same as for one that arrives. */
const nowhere: Identifier = { kind: 'username', value: '', written: '' }

export function createRegistrations(tools: RegistrationsTools): Registrations {
  const { store, identities, vault, random, messenger, audit, settings, issuer } = tools
  const budget = createMailBudget(tools)
  const rowId = (processId: string) => vault.mac('registration-process', processId)
  const { opened, write, ...codes } = createAwaitedCodes<Wish>(purpose, tools)

  async function tell(
    form: RegistrationForm,
    address: Identifier,
    owner: Identity | undefined,
    code: string,
  ) {
    const { language, application } = form
    const values = {
      ...(application === undefined ? {} : { application }),
      minutes: settings.code_lifetime / minute,
    }
    if (owner === undefined)
      await messenger.send({
        template: 'registration-code',
        to: address,
        language,
        values: { ...values, code },
      })
    else {
      const own = owner.identifiers.find(({ value }) => value === address.value)
      await messenger.send({
        template: 'registration-existing',
        ...readerAt(own ?? mailAddress(owner) ?? address, owner, form),
        values: { ...values, link: `${issuer}/recovery` },
      })
    }
  }

  async function create(wish: Wish, origin: RegistrationForm['origin']): Promise<Confirmed> {
    const { email, name, language } = wish
    const created = await identities.create(
      {
        identifiers: [{ kind: 'email', written: email, verified: true }],
        claims: {
          ...(name === undefined ? {} : { name }),
          ...(language === undefined ? {} : { locale: language }),
        },
        state: 'active',
      },
      { kind: 'system', ...origin },
    )
    if (created.status !== 'created') return { status: 'expired' }
    const { id } = created.identity
    const actor: Actor = { kind: 'identity', id, ...origin }
    await audit.record({ action: 'identity.registered', result: 'success', actor, identityId: id })
    return { status: 'confirmed', identityId: id }
  }

  return {
    open: settings.open,

    async begin(processId, form) {
      const checked = check(form, settings)
      if ('reason' in checked) return { status: 'invalid', reason: checked.reason }
      const { address, wish } = checked
      const id = rowId(processId)
      const before = await store.registrations.get(id)
      const owner = await identities.findByIdentifier('email', address.value)
      const affordable = await budget.spend(purpose, address.value)
      const code = createCode(random)
      // Too much mail: the code that was sent last stays good, and a new one would reach nobody.
      const keepsLast = !affordable && before !== undefined && opened(before).email === address.written
      if (keepsLast) await store.registrations.replace(before)
      // Otherwise nothing that anybody types will match.
      else await write(id, wish, affordable && owner === undefined ? code : random(16))
      await tell(form, affordable ? address : nowhere, affordable ? owner : undefined, code)
      await audit.record({
        action: 'registration.requested',
        result: affordable ? 'success' : 'failure',
        actor: { kind: 'system', ...form.origin },
        ...(owner === undefined ? {} : { identityId: owner.id }),
        ...(affordable ? {} : { reason: 'mail-budget' }),
      })
      return { status: 'sent' }
    },

    async confirm(processId, code, origin) {
      const typed = await codes.confirm(rowId(processId), code)
      return typed.status === 'proved' ? create(typed.wish, origin) : typed
    },

    async pending(processId) {
      const row = await store.registrations.get(rowId(processId))
      return row === undefined ? undefined : { email: masked({ kind: 'email', written: opened(row).email }) }
    },
  }
}

function check(
  { email, name, language }: RegistrationForm,
  { open, allowed_domains: allowed }: RegistrationsTools['settings'],
):
  | { readonly address: Identifier; readonly wish: Wish }
  | { readonly reason: 'email' | 'domain' | 'name' | 'closed' } {
  if (!open) return { reason: 'closed' }
  const address = parseAs('email', email)
  if (address === undefined) return { reason: 'email' }
  const domain = address.value.slice(address.value.lastIndexOf('@') + 1)
  if (allowed.length > 0 && !allowed.some((one) => one.toLowerCase() === domain)) return { reason: 'domain' }
  const called = name?.trim() ?? ''
  if ('invalid' in changedClaims({}, { name: called })) return { reason: 'name' }
  return {
    address,
    wish: { email: address.written, language, ...(called === '' ? {} : { name: called }) },
  }
}
