import type { Enrolments, EnrolmentVisit, Finished } from '../../authentication/enrolment.ts'
import type { EnrolmentRefusal } from '../../authentication/refusal.ts'
import type { Actor } from '../../domain/audit-event.ts'
import type { Questioned } from '../../domain/objection.ts'
import { readerOf } from '../../domain/reader.ts'
import type { Identities } from '../../identities/index.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Form } from '../../ports/factor.ts'
import type { Messenger } from '../../ports/messenger.ts'
import type { SessionRegistry } from '../../ports/session-registry.ts'

export interface CredentialChangeTools {
  readonly enrolments: Pick<Enrolments, 'finish' | 'list' | 'remove'>
  readonly identities: Pick<Identities, 'get'>
  readonly messenger: Messenger
  readonly sessions: () => Pick<SessionRegistry, 'endAll'>
  readonly clock: Clock
  readonly issuer: string
}

/** Who changes something, in which session: that one goes on. */
export interface ChangeVisit extends EnrolmentVisit {
  readonly sessionUid: string
}

export type CredentialChange = (
  identityId: string,
  factor: string,
  form: Form,
  visit: ChangeVisit,
) => Promise<Finished>

export type CredentialRemoval = (
  identityId: string,
  credentialId: string,
  visit: ChangeVisit,
  by: Actor,
) => Promise<{ readonly status: 'removed' } | EnrolmentRefusal>

/**
 * A signed-in person sets a credential; the caller made sure that the sign-in is fresh (S30). Every other session and every token ends, and the owner
 * is told, once. Devices stay known: they vouch for nothing, and the owner's own must not be locked out by a stranger's guesses afterwards.
 * A crash after the credential is written leaves other sessions alive: the owner can end them, or change it again.
 */
export function createCredentialChange(tools: CredentialChangeTools): CredentialChange {
  return async (identityId, factor, form, visit) => {
    const before = await tools.enrolments.list(identityId)
    const finished = await tools.enrolments.finish(identityId, factor, form, visit)
    if (finished.status === 'refused') return finished
    await tools.sessions().endAll(identityId, { except: visit.sessionUid })
    const { id } = finished.credential
    if (before.some((one) => one.id === id)) await tellChanged(tools, identityId, factor, visit)
    else await tellAdded(tools, { identityId, credential: id, session: visit.sessionUid }, factor, visit)
    return finished
  }
}

/**
 * The same at a sign-in that asks for a further way: nobody else is signed out, but whoever knows enough to begin a sign-in must not add a way of their
 * own behind their back. Whoever has none yet has nothing to be warned of.
 */
export function createToldEnrolment(
  tools: Omit<CredentialChangeTools, 'sessions'>,
): Pick<Enrolments, 'finish'>['finish'] {
  return async (identityId, factor, form, visit, options) => {
    const before = await tools.enrolments.list(identityId)
    const finished = await tools.enrolments.finish(identityId, factor, form, visit, options)
    if (finished.status === 'refused' || before.length === 0) return finished
    const { id } = finished.credential
    // Its process too: what was proved with it may be about to become a session.
    const process = options?.process === undefined ? {} : { process: options.process }
    if (before.some((one) => one.id === id)) await tellChanged(tools, identityId, factor, visit)
    else await tellAdded(tools, { identityId, credential: id, ...process }, factor, visit)
    return finished
  }
}

/** The same for removing one: refused, with the reason, where the person could not get in any more. */
export function createCredentialRemoval(tools: CredentialChangeTools): CredentialRemoval {
  return async (identityId, credentialId, visit, by) => {
    const own = await tools.enrolments.list(identityId)
    const removed = await tools.enrolments.remove(identityId, credentialId, by)
    if (removed.status === 'refused') return removed
    await tools.sessions().endAll(identityId, { except: visit.sessionUid })
    const factor = own.find(({ id }) => id === credentialId)?.factor ?? ''
    await tellOwner(tools, 'credential-removed', { identityId, sessions: true }, factor, visit)
    return removed
  }
}

type TellingTools = Pick<CredentialChangeTools, 'identities' | 'messenger' | 'clock' | 'issuer'>

/** All other sessions ended with the change: whoever came in since may have come in with it. */
function tellChanged(tools: TellingTools, identityId: string, factor: string, visit: EnrolmentVisit) {
  return tellOwner(tools, 'credential-changed', { identityId, sessions: true }, factor, visit)
}

function tellAdded(tools: TellingTools, about: Questioned, factor: string, visit: EnrolmentVisit) {
  return tellOwner(tools, 'credential-added', about, factor, visit)
}

async function tellOwner(
  { identities, messenger, clock, issuer }: TellingTools,
  template: 'credential-added' | 'credential-changed' | 'credential-removed',
  about: Questioned,
  factor: string,
  { address, userAgent, language, application }: EnrolmentVisit,
): Promise<void> {
  const identity = await identities.get(about.identityId)
  const reader = readerOf(identity, { language })
  if (reader === undefined) return
  await messenger.send({
    template,
    ...reader,
    values: {
      factor,
      address,
      at: clock(),
      link: `${issuer}/account/security`,
      ...(userAgent === undefined ? {} : { device: userAgent }),
      ...(application === undefined ? {} : { application }),
    },
    about,
  })
}
