import type { Devices } from '../../authentication/devices.ts'
import type { AuditEntry } from '../../domain/audit-event.ts'
import { type Place, placeName } from '../../domain/place.ts'
import type { RecoveryCase } from '../../domain/recovery-case.ts'
import { type Duration, day, type Instant } from '../../domain/time.ts'
import type { Identities } from '../../identities/index.ts'
import type { AuditLog, AuditStories } from '../../ports/audit-log.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Places } from '../../ports/places.ts'
import type { Store } from '../../ports/store.ts'
import type { CaseEntry, StatementEntry } from './book.ts'

export interface CaseSignsTools {
  readonly store: Pick<Store, 'cases'>
  readonly identities: Pick<Identities, 'get'>
  readonly devices: Pick<Devices, 'of'>
  readonly audit: AuditLog & AuditStories
  readonly places: Places
  readonly clock: Clock
  /** How many trusted contacts would count. */
  readonly contactsOf: (identityId: string) => Promise<number>
}

/** Something that speaks for the person (`good`), against them (`bad`), or that a reviewer should know (`plain`). */
export interface CaseSign {
  /** `<sign>.<what was found>`: its words are under `cases:signs.` */
  readonly name: string
  readonly tone: 'good' | 'bad' | 'plain'
  readonly at?: Instant
  readonly count?: number
  /** Names of places. */
  readonly text?: string
}

const recent: Duration = 30 * day
const mostEntries = 500

/** What the account itself says about a case, as it is now. */
export function createCaseSigns(tools: CaseSignsTools) {
  const { store, identities, devices, audit, places, clock, contactsOf } = tools

  async function stories(identityId: string) {
    const since = clock() - 180 * day
    const read = async (topic: 'sign-ins' | 'ways' | 'account') =>
      (await audit.story({ identityId, topic, since, limit: mostEntries })).items
    const [signIns, ways, account] = await Promise.all([read('sign-ins'), read('ways'), read('account')])
    return { signIns, changes: [...ways, ...account].filter(isChange) }
  }

  /** What trusted contacts were asked these days and answered; each once. */
  async function answers(identityId: string, since: Instant) {
    const { items } = await audit.story({ identityId, topic: 'recovery', since, limit: mostEntries })
    const theirs = items.filter(({ details }) => details?.by === 'other')
    const those = (action: string) =>
      new Set(theirs.flatMap((entry) => (entry.action === action ? [entry.details?.contact] : []))).size
    return {
      counting: await contactsOf(identityId),
      vouched: those('contact.approved'),
      refused: those('contact.refused'),
    }
  }

  return async (one: RecoveryCase, entries: readonly CaseEntry[]): Promise<readonly CaseSign[]> => {
    const { id, identityId = '', openedAt } = one
    const now = clock()
    const statement = entries.find((entry) => entry.kind === 'statement')
    const [identity, known, { signIns, changes }, others, contacts] = await Promise.all([
      identities.get(identityId),
      devices.of(identityId),
      stories(identityId),
      store.cases.findBy('identityId', identityId),
      answers(identityId, openedAt - day),
    ])
    const completed = signIns.filter(
      ({ action, actor }) => action === 'authentication.completed' && actor.id === identityId,
    )
    return [
      ...(statement === undefined
        ? []
        : [device(statement, known.length), place(statement, completed, places)]),
      ...(one.doubtedAt === undefined ? [] : [{ name: 'owner.objected', tone: 'bad' as const }]),
      ...since('signed-in', 'bad', completed, openedAt),
      ...lastSignIn(completed, openedAt),
      ...since('changed', 'bad', changes, now - recent),
      failures(signIns, openedAt - 7 * day),
      contact(contacts),
      {
        name: `age.${now - (identity?.createdAt ?? now) < recent ? 'young' : 'old'}`,
        tone: now - (identity?.createdAt ?? now) < recent ? 'bad' : 'plain',
        at: identity?.createdAt ?? now,
      },
      ...otherCases(others.filter((other) => other.id !== id)),
    ]
  }
}

function isChange({ action }: AuditEntry): boolean {
  return (
    (action.startsWith('credential.') && action !== 'credential.suspected') ||
    action === 'identity.identifier-changed'
  )
}

function device({ knownSince }: StatementEntry, known: number): CaseSign {
  if (knownSince !== undefined) return { name: 'device.known', tone: 'good', at: knownSince }
  return { name: known === 0 ? 'device.none' : 'device.unknown', tone: 'plain' }
}

/** From which city, or at least country, the owner usually comes; only what the database of places knows. */
function place({ address }: StatementEntry, completed: readonly AuditEntry[], places: Places): CaseSign {
  const here = places.find(address)
  const usual = completed.flatMap(({ personal }) =>
    personal?.address === undefined ? [] : (places.find(personal.address) ?? []),
  )
  if (completed.some(({ personal }) => personal?.address === address))
    return { name: 'place.same-address', tone: 'good' }
  if (here === undefined || usual.length === 0) return { name: 'place.nothing', tone: 'plain' }
  const text = placeName(here, 'en')
  if (usual.some((one) => isSame(one, here))) return { name: 'place.usual', tone: 'good', text }
  return usual.some(({ country }) => country === here.country)
    ? { name: 'place.country', tone: 'plain', text }
    : { name: 'place.new', tone: 'bad', text }
}

function isSame(one: Place, other: Place): boolean {
  return one.country === other.country && one.region === other.region && one.city === other.city
}

function since(
  name: string,
  tone: CaseSign['tone'],
  entries: readonly AuditEntry[],
  from: Instant,
): readonly CaseSign[] {
  const found = entries.filter(({ at }) => at >= from)
  const [latest] = [...found].sort((one, other) => other.at - one.at)
  if (latest === undefined) return [{ name: `${name}.never`, tone: 'good' }]
  return [{ name: `${name}.since`, tone, at: latest.at, count: found.length }]
}

function lastSignIn(completed: readonly AuditEntry[], openedAt: Instant): readonly CaseSign[] {
  const last = completed.find(({ at }) => at < openedAt)
  return last === undefined
    ? [{ name: 'last.never', tone: 'plain' }]
    : [{ name: 'last.at', tone: 'plain', at: last.at }]
}

function failures(signIns: readonly AuditEntry[], from: Instant): CaseSign {
  const { length: count } = signIns.filter(({ result, at }) => result === 'failure' && at >= from)
  return { name: 'failures.count', tone: count > 10 ? 'bad' : 'plain', count }
}

interface Answers {
  readonly counting: number
  readonly vouched: number
  readonly refused: number
}

function contact({ counting, vouched, refused }: Answers): CaseSign {
  if (refused > 0) return { name: 'contacts.refused', tone: 'bad', count: refused }
  if (vouched > 0) return { name: 'contacts.vouched', tone: 'good', count: vouched }
  return { name: counting === 0 ? 'contacts.none' : 'contacts.silent', tone: 'plain', count: counting }
}

function otherCases(others: readonly RecoveryCase[]): readonly CaseSign[] {
  if (others.length === 0) return [{ name: 'others.none', tone: 'good' }]
  const objected = others.filter(({ state }) => state === 'withdrawn' || state === 'refused').length
  return [{ name: 'others.count', tone: objected > 0 ? 'bad' : 'plain', count: others.length }]
}
