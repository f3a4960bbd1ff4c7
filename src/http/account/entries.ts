import type { AuditEntry } from '../../domain/audit-event.ts'
import { clientName } from '../../domain/client.ts'
import type { AppDependencies } from '../dependencies.ts'
import { deviceShown } from '../device.ts'
import { explain } from '../explanation.ts'
import type { Translate } from '../language.ts'
import { type Moment, momentsOf } from '../moments.ts'
import { addressShown } from '../place.ts'
import type { SignedIn } from '../session.ts'

/** Something that happened in an account, as its owner reads it. */
export interface EntryShown {
  readonly icon: string
  readonly failed: boolean
  readonly text: string
  /** Further sentences: what was asked for, and why. */
  readonly why: readonly string[]
  /** Who it was, where that was not the person themselves. */
  readonly by: string | undefined
  readonly device: string | undefined
  /** With its place, if that is known. */
  readonly address: string | undefined
  readonly at: Moment
  /** Where it can be questioned. */
  readonly href: string
}

export type ShowEntries = (
  page: Pick<SignedIn, 'ctx' | 'identity'>,
  entries: readonly AuditEntry[],
) => Promise<readonly EntryShown[]>

/** Words for entries of the audit; each application is looked up once. */
export function createEntries({ clients, places, web }: AppDependencies): ShowEntries {
  async function nameOf(clientId: string): Promise<readonly [string, string]> {
    const client = await clients.find(clientId)
    return [clientId, client === undefined ? clientId : clientName(client)]
  }

  return async (page, entries) => {
    const { ctx, identity } = page
    const { language } = ctx.state
    const moment = momentsOf(page)
    const t = web.words.translate(language)
    const ids = new Set(entries.flatMap(({ clientId }) => clientId ?? []))
    const names = new Map(await Promise.all([...ids].map(nameOf)))
    return entries.map((entry) => ({
      ...said(entry, names.get(entry.clientId ?? '') ?? '', t),
      ...whence(entry, identity.id, t, (address) => addressShown(address, language, places)),
      at: moment(entry.at),
      href: `/account/activity/${entry.id}`,
    }))
  }
}

const icons: Readonly<Record<string, string>> = {
  authentication: 'key',
  credential: 'lock',
  device: 'device',
  consent: 'app',
  session: 'device',
  token: 'app',
  recovery: 'key',
  case: 'users',
  contact: 'users',
  objection: 'shield',
}

/** Its own words for a failure where there are some. */
function said({ action, result, details }: AuditEntry, application: string, t: Translate) {
  const factor = typeof details?.factor === 'string' ? t(`factors:${details.factor}.name`) : ''
  const rights = ['groups', 'roles'].some((name) => [details?.changed].flat().includes(name))
  const part = action === 'consent.withdrawn' && details?.withdrawn !== undefined
  const entry = action === 'objection.raised' && details?.entry !== undefined
  const kind = rights ? '-rights' : part ? '-part' : entry ? '-entry' : purposeIn(action, details)
  const key = `${action.replace('.', '-')}${kind}`
  return {
    icon: result === 'failure' ? 'alert' : (icons[action.split('.')[0] ?? ''] ?? 'user'),
    failed: result === 'failure',
    text: t(`account:activity.events.${key}`, { application, factor }),
    why: action === 'authentication.completed' ? explain(details, t) : [],
  }
}

/** What was done to get back in, where the same action is known from elsewhere. */
function purposeIn(action: AuditEntry['action'], details: AuditEntry['details']): string {
  if (action.startsWith('contact.')) return details?.by === undefined ? '' : '-other'
  if (action === 'recovery.completed') return details?.recovery === undefined ? '' : '-grant'
  if (action !== 'authentication.completed' || details?.purpose === undefined) return ''
  return details.purpose === 'drill' ? '-drill' : '-recovery'
}

/** By the people who run the service, and not by the person or a stranger. */
export function isByStaff({ actor }: AuditEntry, identityId: string): boolean {
  return (
    actor.kind === 'operator' ||
    (actor.kind === 'identity' && actor.id !== undefined && actor.id !== identityId)
  )
}

/** Where from, if it was the person or a stranger; where the people who run the service sit is none of the person's business. */
function whence(
  entry: AuditEntry,
  identityId: string,
  t: Translate,
  shown: (address: string) => string,
): Pick<EntryShown, 'by' | 'device' | 'address'> {
  if (isByStaff(entry, identityId))
    return { by: t('account:activity.staff'), address: undefined, device: undefined }
  const { actor, personal } = entry
  const { address, userAgent } = personal ?? {}
  const place = address === undefined ? undefined : shown(address)
  const device = userAgent === undefined ? undefined : deviceShown(userAgent, t).name
  // Without an id nothing was proved: whoever it was only said that they were this person.
  const unproved = actor.kind === 'identity' && actor.id === undefined
  if (!unproved) return { by: undefined, address: place, device }
  const by = t(`account:activity.${place === undefined ? 'somebody' : 'somebody-at'}`, { place })
  return { by, address: undefined, device }
}
