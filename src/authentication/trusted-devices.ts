// Owns which browsers a person trusts: given once by two factors, never renewed by use, void as soon as anything changes with which they prove who
// they are. It excuses from being asked and proves nothing: what is reported stays what was proved (S44). What it excuses from says the policy.
import { assess, reaches } from '../domain/assurance.ts'
import type { Actor } from '../domain/audit-event.ts'
import type { Authentication, Step } from '../domain/authentication.ts'
import { claimId } from '../domain/identifier.ts'
import type { Identity } from '../domain/identity.ts'
import type { Questioned } from '../domain/objection.ts'
import { readerOf } from '../domain/reader.ts'
import { type Duration, type Instant, minute } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { Device, Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import type { Visit } from './contexts.ts'
import { createCredentials } from './credentials.ts'
import { createDevices } from './devices.ts'
import type { Known } from './situations.ts'

/** `Config['factors']['trusted_device']`. */
export interface TrustSettings {
  readonly enabled: boolean
  /** From the sign-in that gave it; being used does not make it longer. */
  readonly lifetime: Duration
}

export interface TrustedDevicesTools {
  readonly store: Pick<Store, 'devices' | 'credentials'>
  readonly identities: IdentityDirectory
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
  readonly messenger: Messenger
  readonly audit: AuditLog
  /** Origin of this server as people see it. */
  readonly issuer: string
  /** Absent: no device can be trusted. */
  readonly trust?: TrustSettings
}

/** A trusted device as its owner may see it. */
export interface TrustedDevice {
  readonly id: string
  readonly userAgent: string
  readonly trustedAt: Instant
  readonly lastSeenAt: Instant
  readonly until: Instant
}

/** Why trust was taken back: its owner wanted it, or signed out everywhere, or proves who they are in another way now. */
export type Revocation = 'asked' | 'signed-out' | 'changed'

export interface TrustedDevices {
  readonly settings: TrustSettings
  /** Whether whoever gives the next proof of this process may trust their device with it: a second one that is asked for. */
  offeredIn(process: Authentication, step: Step): boolean
  /** Until when the identity trusts the browser that keeps this secret. */
  until(secret: string | undefined, identityId: string): Promise<Instant | undefined>
  /**
   * Trusts the visitor's browser if their process really came to two factors, and tells them; answers the new secret that the browser is to keep.
   * `known` is how the process found them: when anything is different by now, the trust is void from the start.
   */
  trust(process: Authentication, known: Known, visit: Visit): Promise<string | undefined>
  /** The newest first. `secret`: which of them asks. */
  list(identityId: string, secret?: string): Promise<readonly (TrustedDevice & { readonly here: boolean })[]>
  /** False when it is another person's, or was not trusted any more. */
  revoke(identityId: string, deviceId: string, by: Actor): Promise<boolean>
  /** All, or all but the browser that keeps the secret `except`; answers how many. */
  revokeAll(
    identityId: string,
    by: Actor,
    why: { readonly reason: Revocation; readonly except?: string | undefined },
  ): Promise<number>
}

const off: TrustSettings = { enabled: false, lifetime: 0 }

export function createTrustedDevices(tools: TrustedDevicesTools): TrustedDevices {
  const { identities, digest, clock, messenger, audit, issuer, trust: settings = off } = tools
  const devices = createDevices(tools)
  const credentials = createCredentials(tools)

  /** Everything with which the person proves who they are: what is trusted under one of these is not trusted under another. */
  function standingOf({ identity, credentials: own }: Pick<Known, 'identity' | 'credentials'>): string {
    const { notBefore = 0, identifiers = [] } = identity ?? {}
    const proved = identifiers.filter(({ verifiedAt }) => verifiedAt !== undefined)
    const ways = own.map(({ id, createdAt }) => `${id} ${createdAt}`)
    return digest(JSON.stringify([notBefore, proved.map(claimId).sort(), ways.sort()]))
  }

  async function standing(identityId: string): Promise<string> {
    const [identity, own] = await Promise.all([identities.get(identityId), credentials.of(identityId)])
    return standingOf({ ...(identity === undefined ? {} : { identity }), credentials: own })
  }

  const living = (device: Device | undefined): device is Device & Required<Pick<Device, 'trustedUntil'>> =>
    settings.enabled && device?.trustedUntil !== undefined && device.trustedUntil > clock()

  async function revoked(identityId: string, by: Actor, reason: Revocation, count: number): Promise<void> {
    if (count === 0) return
    const event = { action: 'device.trust-revoked', result: 'success', identityId, reason } as const
    await audit.record({ ...event, actor: by, details: { count } })
  }

  async function tellOwner(
    identity: Identity,
    visit: Visit,
    until: Instant,
    about: Questioned,
  ): Promise<void> {
    const reader = readerOf(identity, visit)
    if (reader === undefined) return
    const { address, userAgent: device, application } = visit
    const link = new URL('/account/security/trusted-devices', issuer).href
    const minutes = (until - clock()) / minute
    const values = { address, device, at: clock(), link, minutes }
    await messenger.send({
      template: 'device-trusted',
      ...reader,
      values: { ...values, ...(application === undefined ? {} : { application }) },
      about,
    })
  }

  return {
    settings,

    // Where it is trusted already, only a step-up asks: what it gives is not made longer by that.
    offeredIn: ({ proofs, observed, requirement }, { because }) =>
      settings.enabled &&
      proofs.length > 0 &&
      observed?.trustedUntil === undefined &&
      !because.forbidsTrust &&
      !requirement.recovery,

    async until(secret, identityId) {
      const device = await devices.find(secret, identityId)
      if (!living(device)) return undefined
      return device.trustedFor === (await standing(identityId)) ? device.trustedUntil : undefined
    },

    async trust(process, known, visit) {
      const { identity } = known
      if (!settings.enabled || identity === undefined || identity.id !== process.identityId) return undefined
      if (!reaches(assess(process.proofs).level, 'two-factor')) return undefined
      const until = clock() + settings.lifetime
      const { userAgent, address, traceId } = visit
      const trust = { identityId: identity.id, userAgent, until, standing: standingOf(known) }
      const { secret, device, since } = await devices.trust(visit.device, trust)
      await audit.record({
        action: 'device.trusted',
        result: 'success',
        actor: { kind: 'identity', id: identity.id, address, userAgent },
        identityId: identity.id,
        details: { until, since },
        ...(process.clientId === undefined ? {} : { clientId: process.clientId }),
        ...(traceId === undefined ? {} : { traceId }),
      })
      // Its process too: nothing came of it yet, and nothing is to.
      const about = { identityId: identity.id, process: process.id, device, deviceSince: since }
      await tellOwner(identity, visit, until, about)
      return secret
    },

    async list(identityId, secret) {
      const [rows, now, here] = await Promise.all([
        devices.of(identityId),
        standing(identityId),
        devices.find(secret, identityId),
      ])
      return rows
        .filter(living)
        .filter(({ trustedFor }) => trustedFor === now)
        .map(({ id, userAgent, trustedAt = 0, lastSeenAt, trustedUntil: until }) => {
          return { id, userAgent, trustedAt, lastSeenAt, until, here: id === here?.id }
        })
        .sort((one, other) => other.trustedAt - one.trustedAt)
    },

    async revoke(identityId, deviceId, by) {
      const own = await devices.of(identityId)
      const found = own.some(({ id }) => id === deviceId) && (await devices.distrust(deviceId))
      if (found) await revoked(identityId, by, 'asked', 1)
      return found
    },

    async revokeAll(identityId, by, { reason, except }) {
      const kept = await devices.find(except, identityId)
      let count = 0
      for (const { id } of await devices.of(identityId))
        if (id !== kept?.id && (await devices.distrust(id))) count += 1
      await revoked(identityId, by, reason, count)
      return count
    },
  }
}
