import type { AuditEntry } from './audit-event.ts'
import type { Questioned } from './objection.ts'

/** How the audit names a process or a device: what is as long as a secret it withholds. */
export function shortName(id: string): string {
  return id.slice(0, 22)
}

/** Who looks at an entry: where they are signed in now stays. */
export interface Living {
  readonly sessions: readonly {
    readonly uid: string
    readonly process?: string
    readonly browser?: string
  }[]
  readonly devices: readonly {
    readonly id: string
    readonly browser?: string
    readonly firstSeenAt: number
  }[]
  readonly credentials: readonly { readonly id: string }[]
  /** Whom they named. */
  readonly contacts: readonly { readonly id: string }[]
  /** Of one-time links that wait. */
  readonly links: number
}

/**
 * What of an entry is still there to be ended, as its owner may end it who says that it was not them. Nothing of what was refused (nobody got in), and
 * nothing of what the people who run the service did.
 */
export function questionedBy(entry: AuditEntry, identityId: string, living: Living): Questioned {
  const own = entry.actor.id === undefined || entry.actor.id === identityId || entry.actor.kind === 'client'
  if (!own || entry.actor.kind === 'operator') return { identityId }
  if (entry.result === 'failure' && entry.action !== 'token.reuse-detected') return { identityId }
  return { identityId, ...parts[entry.action]?.(entry, living) }
}

/** Whether ending it takes away a way in, or back in: that is for somebody who signed in freshly (S30). */
export function takesWay({ credential, contact, recoveryCase }: Questioned): boolean {
  return [credential, contact, recoveryCase].some((one) => one !== undefined)
}

type Part = (entry: AuditEntry, living: Living) => Omit<Questioned, 'identityId'>

const signIn = (session: Living['sessions'][number] | undefined, { devices }: Living) => {
  if (session === undefined) return {}
  const device = session.browser && devices.find(({ browser }) => browser === session.browser)
  return {
    session: session.uid,
    ...(device ? { device: device.id, deviceSince: device.firstSeenAt } : {}),
  }
}

const application: Part = ({ clientId }) => (clientId === undefined ? {} : { client: clientId })
/** Only for whoever named them: the other one leaves, under `Security`. */
const contact: Part = ({ action, details }, { contacts }) => {
  const named = action === 'contact.invited' ? details?.by === undefined : details?.by !== undefined
  const found = named ? contacts.find(({ id }) => id === details?.contact) : undefined
  return found === undefined ? {} : { contact: found.id }
}
const everywhere: Part = () => ({ sessions: true })
/** Stopped if it still runs. */
const recovery: Part = ({ details }) =>
  typeof details?.recovery === 'string' ? { recovery: details.recovery } : {}

const parts: Partial<Record<AuditEntry['action'], Part>> = {
  'session.started': ({ sessionId }, living) =>
    signIn(
      living.sessions.find(({ uid }) => uid === sessionId),
      living,
    ),
  'authentication.completed': ({ details }, living) =>
    signIn(
      living.sessions.find(({ process = '' }) => process !== '' && shortName(process) === details?.process),
      living,
    ),
  'device.trusted': ({ details }, { devices }) => {
    const device = devices.find(({ firstSeenAt }) => firstSeenAt === details?.since)
    return device === undefined ? {} : { device: device.id, deviceSince: device.firstSeenAt }
  },
  'credential.enrolled': ({ details }, { credentials }) => {
    const credential = credentials.find(({ id }) => id === details?.credential)
    return credential === undefined ? {} : { credential: credential.id }
  },
  'credential.changed': everywhere,
  'credential.removed': everywhere,
  'identity.identifier-changed': everywhere,
  'recovery.started': recovery,
  'recovery.ready': recovery,
  'recovery.completed': everywhere,
  'case.opened': ({ details }) => (typeof details?.case === 'string' ? { recoveryCase: details.case } : {}),
  'recovery.requested': (_, { links }) => (links > 0 ? { links: true } : {}),
  'consent.granted': ({ clientId }) => (clientId === undefined ? {} : { client: clientId, consent: true }),
  'token.reuse-detected': application,
  'contact.invited': contact,
  'contact.accepted': contact,
  'deletion.requested': ({ details }) =>
    typeof details?.request === 'string' ? { deletion: details.request } : {},
  'export.requested': ({ details }) => (typeof details?.run === 'string' ? { dataExport: details.run } : {}),
}
