import type { Devices } from '../authentication/devices.ts'
import { createJournal } from '../authentication/journal.ts'
import { clientName } from '../domain/client.ts'
import { readerOf } from '../domain/reader.ts'
import { type Duration, day, type Instant } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { ClientDirectory } from '../ports/client-directory.ts'
import type { Clock } from '../ports/clock.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import type { Logger } from '../ports/logger.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { NewSession } from '../ports/session-registry.ts'
import type { Store } from '../ports/store.ts'

export interface SignInAlertTools {
  readonly store: Pick<Store, 'replays'>
  readonly devices: Pick<Devices, 'find' | 'of'>
  readonly identities: IdentityDirectory
  readonly clients: ClientDirectory
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly log: Logger
  readonly clock: Clock
  readonly issuer: string
  readonly settings: { readonly alerts: { readonly new_device: boolean } }
}

export interface SignInAlert {
  /**
   * Tells people of a sign-in on a device that they did not use before, once, if they used another one before. Returns at once: what is looked up
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

  /**
   * The device, when nobody got in there as this person before. Not whether it was known before: a stranger might stop just short of getting in
   * the first time. A device that is trusted gets another row, and stays what it is.
   */
  async function newDevice({ identityId, device: secret }: NewSession) {
    const device = await devices.find(secret, identityId)
    if (device === undefined) return undefined
    const id = `signed-in:${identityId}:${device.firstSeenAt}`
    if ((await store.replays.get(id)) !== undefined) return undefined
    const first = await store.replays.insert({ id, expiresAt: clock() + remembered })
    const known = await devices.of(identityId)
    return first && known.some((other) => other.id !== device.id) ? device : undefined
  }

  return {
    settle,
    signedIn(session) {
      if (!settings.alerts.new_device) return
      later(async () => {
        const device = await newDevice(session)
        if (device !== undefined) await tellOwner(tools, session, device)
      })
    },
  }
}

async function tellOwner(
  { identities, clients, messenger, clock, issuer }: SignInAlertTools,
  { identityId, uid, clientId, address, userAgent, language }: NewSession,
  device: { readonly id: string; readonly firstSeenAt: Instant },
): Promise<void> {
  const [identity, client] = await Promise.all([identities.get(identityId), clients.find(clientId)])
  const reader = readerOf(identity, { language })
  if (reader === undefined) return
  await messenger.send({
    template: 'new-device',
    ...reader,
    values: {
      at: clock(),
      address,
      device: userAgent,
      link: `${issuer}/account/sessions`,
      ...(client === undefined ? {} : { application: clientName(client) }),
    },
    about: { identityId, session: uid, device: device.id, deviceSince: device.firstSeenAt },
  })
}
