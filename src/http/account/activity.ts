import type { AuditAction, AuditEntry } from '../../domain/audit-event.ts'
import { clientName } from '../../domain/client.ts'
import { queryValue } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { deviceShown } from '../device.ts'
import { explain } from '../explanation.ts'
import type { Translate } from '../language.ts'
import { momentOf } from '../moments.ts'
import { addressShown } from '../place.ts'
import type { SignedInHandler } from '../session.ts'
import type { Portal } from './portal.ts'

const perPage = 25

/** Of no use to the person: one sign-in makes many of them. */
const unspoken: ReadonlySet<AuditAction> = new Set([
  'authentication.identified',
  'authentication.proved',
  'token.issued',
  'token.refreshed',
  'identity.activated',
])

/** What happened in the account, newest first, in words. */
export function createActivityPage(deps: AppDependencies, portal: Portal): SignedInHandler {
  const { audit, clients, web } = deps

  return async (page) => {
    const { ctx, identity } = page
    const { language } = ctx.state
    const t = web.words.translate(language)
    const after = queryValue(ctx, 'after')
    const { items, next } = await audit.list({
      identityId: identity.id,
      limit: perPage,
      ...(after === undefined ? {} : { after }),
    })
    const spoken = items.filter(({ action }) => !unspoken.has(action))
    const names = await Promise.all(spoken.map(({ clientId }) => nameOf(clientId)))
    portal(page, {
      view: 'activity',
      place: 'activity',
      values: {
        entries: spoken.map((entry, index) => ({
          ...entryShown(entry, names[index] ?? '', t),
          ...placeOf(entry, identity.id, t, (address) => addressShown(address, language, deps.places)),
          at: momentOf(entry.at, language),
        })),
        older: next === undefined ? undefined : `/account/activity?${new URLSearchParams({ after: next })}`,
        newest: after === undefined ? undefined : '/account/activity',
      },
    })
  }

  async function nameOf(clientId: string | undefined): Promise<string> {
    const client = clientId === undefined ? undefined : await clients.find(clientId)
    return client === undefined ? (clientId ?? '') : clientName(client)
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
  objection: 'shield',
}

/** One line: its own words for a failure where there are some. */
export function entryShown({ action, result, details }: AuditEntry, application: string, t: Translate) {
  const factor = typeof details?.factor === 'string' ? t(`factors:${details.factor}.name`) : ''
  const rights = ['groups', 'roles'].some((name) => [details?.changed].flat().includes(name))
  const key = `${action.replace('.', '-')}${rights ? '-rights' : ''}`
  return {
    icon: result === 'failure' ? 'alert' : (icons[action.split('.')[0] ?? ''] ?? 'user'),
    failed: result === 'failure',
    text: t(`account:activity.events.${key}`, { application, factor }),
    why: action === 'authentication.completed' ? explain(details, t) : [],
    application,
  }
}

/** Where from, if it was the person or a stranger; where the people who run the service sit is none of the person's business. */
function placeOf(
  { actor, personal }: AuditEntry,
  identityId: string,
  t: Translate,
  shown: (address: string) => string,
) {
  const staff =
    actor.kind === 'operator' ||
    (actor.kind === 'identity' && actor.id !== undefined && actor.id !== identityId)
  if (staff) return { by: t('account:activity.staff'), address: undefined, device: undefined }
  const { address, userAgent } = personal ?? {}
  const place = address === undefined ? undefined : shown(address)
  const device = userAgent === undefined ? undefined : deviceShown(userAgent, t).name
  // Without an id nothing was proved: whoever it was only said that they were this person.
  const unproved = actor.kind === 'identity' && actor.id === undefined
  if (!unproved) return { by: undefined, address: place, device }
  const by = t(`account:activity.${place === undefined ? 'somebody' : 'somebody-at'}`, { place })
  return { by, address: undefined, device }
}
