import type { Devices } from '../../authentication/devices.ts'
import { createJournal } from '../../authentication/journal.ts'
import { createWhereabouts } from '../../authentication/whereabouts.ts'
import { clientName } from '../../domain/client.ts'
import type { Questioned } from '../../domain/objection.ts'
import { isNear } from '../../domain/place.ts'
import { readerOf } from '../../domain/reader.ts'
import { type Duration, day } from '../../domain/time.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { ClientDirectory } from '../../ports/client-directory.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IdentityDirectory } from '../../ports/identity-directory.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { Places } from '../../ports/places.ts'
import type { NewSession } from '../../ports/session-registry.ts'
import type { Store } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'

export interface SignInAlertTools {
  readonly store: Pick<Store, 'replays' | 'whereabouts'>
  readonly vault: Vault
  readonly places: Places
  readonly devices: Pick<Devices, 'find' | 'of'>
  readonly identities: IdentityDirectory
  readonly clients: ClientDirectory
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly log: Logger
  readonly clock: Clock
  readonly issuer: string
  readonly settings: {
    readonly alerts: { readonly new_device: boolean; readonly new_place: boolean }
    readonly signals: { readonly new_place: { readonly within: number } }
  }
}

export interface SignInAlert {
  /**
   * Tells people of a sign-in on a device that they did not use before, once, if they used another one before; else of one from far away from where
   * they ever were, once for each such place. Returns at once: what is looked up
   * and sent comes after the answer, whose time does not tell whether somebody is written to.
   */
  signedIn(session: NewSession): void
  /** Resolves when everybody is told. Before the store closes. */
  settle(): Promise<void>
}

// Longer than a browser keeps what it is known by.
const remembered: Duration = 2 * 365 * day

export function createSignInAlert(tools: SignInAlertTools): SignInAlert {
  const { store, devices, clock, settings } = tools
  const { later, settle } = createJournal(tools)
  const whereabouts = createWhereabouts({ ...tools, wanted: settings.alerts.new_place })

  /** True once for each name. It is nearly always known, and reading is cheaper. */
  async function isFirst(id: string): Promise<boolean> {
    if ((await store.replays.get(id)) !== undefined) return false
    return store.replays.insert({ id, expiresAt: clock() + remembered })
  }

  /**
   * The device, when nobody got in there as this person before. Not whether it was known before: a stranger might stop just short of getting in
   * the first time. A device that is trusted gets another row, and stays what it is.
   */
  async function newDevice({ identityId, device: secret }: NewSession) {
    const device = await devices.find(secret, identityId)
    if (device === undefined) return undefined
    if (!(await isFirst(`signed-in:${identityId}:${device.firstSeenAt}`))) return undefined
    const known = await devices.of(identityId)
    return known.some((other) => other.id !== device.id) ? device : undefined
  }

  /** Whether they were never near here before, and nobody was told of it. Where everybody is for the first time is no news. */
  async function newPlace({ identityId, address }: NewSession): Promise<boolean> {
    const { here, all } = await whereabouts.at(identityId, address)
    const since = here?.since
    if (here === undefined || since === undefined) return false
    // Also where they hear of a new device instead: one sign-in, one message.
    if (!(await isFirst(`signed-in-at:${identityId}:${since}`))) return false
    const before = all.filter((one) => (one.since ?? 0) < since)
    const { within } = settings.signals.new_place
    return before.length > 0 && before.every(({ place }) => !isNear(place, here.place, within))
  }

  return {
    settle,
    signedIn(session) {
      const { new_device, new_place } = settings.alerts
      if (!new_device && !new_place) return
      later(async () => {
        const device = new_device ? await newDevice(session) : undefined
        const isFar = new_place && (await newPlace(session))
        if (device !== undefined) {
          const about = { device: device.id, deviceSince: device.firstSeenAt }
          await tellOwner(tools, 'new-device', session, about)
        } else if (isFar) await tellOwner(tools, 'new-place', session)
      })
    },
  }
}

async function tellOwner(
  { identities, clients, messenger, clock, issuer }: SignInAlertTools,
  template: 'new-device' | 'new-place',
  { identityId, uid, clientId, address, userAgent, language }: NewSession,
  device: Pick<Questioned, 'device' | 'deviceSince'> = {},
): Promise<void> {
  const [identity, client] = await Promise.all([identities.get(identityId), clients.find(clientId)])
  const reader = readerOf(identity, { language })
  if (reader === undefined) return
  await messenger.send({
    template,
    ...reader,
    values: {
      at: clock(),
      address,
      device: userAgent,
      link: `${issuer}/account/sessions`,
      ...(client === undefined ? {} : { application: clientName(client) }),
    },
    about: { identityId, session: uid, ...device },
  })
}
