// Owns the ways that an identity has to prove itself: adding, replacing, listing, removing. Rows are sealed by credentials.ts.
// It does not ask who may do so: its callers (an authentication process, a one-time link, the portal, the command line) have asked.

import { isDeepStrictEqual } from 'node:util'
import type { Channel, Level } from '../domain/assurance.ts'
import type { Actor } from '../domain/audit-event.ts'
import type { Credential } from '../domain/credential.ts'
import type { Rule } from '../domain/demand.ts'
import type { Identifier } from '../domain/identifier.ts'
import type { Identity } from '../domain/identity.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { About, Enrolled, Factor, Factors, Form, Shown } from '../ports/factor.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import { createAdoption } from './adoption.ts'
import { createAttempts, type Payment } from './attempts.ts'
import { createContexts, type Visit } from './contexts.ts'
import { type CredentialDraft, createCredentials, type SealedCredential } from './credentials.ts'
import { createPolicyNow, type PolicyTools } from './policy-now.ts'
import { type EnrolmentRefusal, refused } from './refusal.ts'
import { createRemoval, type Obstacle, type RemovalOptions } from './removal.ts'
import { createRenaming } from './renaming.ts'
import { createSituations, type Known, type People } from './situations.ts'
import { credentialSubject, enrolmentSubject } from './subjects.ts'
import type { ThrottleSettings } from './throttle.ts'
import { createTickets, type Ticket } from './tickets.ts'
import { createTrustedDevices } from './trusted-devices.ts'

export interface EnrolmentsTools {
  readonly store: Pick<Store, 'credentials' | 'attempts' | 'approvals' | 'replays' | 'devices'>
  readonly identities: People
  readonly factors: Factors
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
  readonly messenger: Messenger
  readonly audit: AuditLog
  readonly issuer: string
  /** What is demanded beyond the level of the settings, as it is now. */
  readonly rules: () => Promise<readonly Rule[]>
  readonly settings: PolicyTools['settings'] & { readonly throttle: ThrottleSettings }
}

/** What an enrolment needs to know of a visit. */
export type EnrolmentVisit = Pick<Visit, 'address' | 'language'> & Partial<Visit>

export interface EnrolmentOptions {
  /** From `begin`, or from the form's own `ticket` field. */
  readonly ticket?: string
  /** The person was vouched for over this channel alone (a mailed link): so is what they enrol, if such a link may always replace it (S44). */
  readonly channel?: Channel
  /** Who does it; the identity itself unless said otherwise. */
  readonly by?: Actor
  /** The authentication process that asks for it. */
  readonly process?: string
  /** In a recovery: what was proved there. */
  readonly ceiling?: Level
}

export type Finished =
  | { readonly status: 'enrolled'; readonly credential: Credential; readonly show?: Shown }
  | EnrolmentRefusal

export type Prepared =
  /** Looked at and hashed, not written. `commit` writes; of N that were prepared at once, one does. */
  { readonly status: 'prepared'; commit(): Promise<Finished> } | EnrolmentRefusal

/** A credential as its owner may see it. */
export interface ListedCredential extends Omit<Credential, 'data'> {
  readonly about?: About
}

export interface Enrolments {
  /**
   * Makes the question of an enrolment, if the factor has one. `ticket` carries it to `finish`, sealed; good for one success within the
   * challenge's life. `running`, the ticket of a refused answer, goes on with its question if the factor can.
   */
  begin(
    identityId: string,
    factor: string,
    visit: EnrolmentVisit,
    running?: string,
  ): Promise<{ ticket?: string; show?: Shown }>
  /**
   * For one-time links and grants, which are spent between looking and writing. Without `ceiling`, which only a grant has, refuses (`unknown`) a
   * factor that is not `resettable`: a link never adds a further factor (S33).
   */
  prepare(
    identityId: string,
    factor: string,
    form: Form,
    visit: EnrolmentVisit,
    options?: EnrolmentOptions,
  ): Promise<Prepared>
  /** A refused form leaves everything as it was. Where there may be one credential it replaces the old one; of N racers one does. */
  finish(
    identityId: string,
    factor: string,
    form: Form,
    visit: EnrolmentVisit,
    options?: EnrolmentOptions,
  ): Promise<Finished>
  /** Takes over what another system stored (`{ phc }` …); the identity is known to exist. */
  adopt(identityId: string, factor: string, material: Form, by?: Actor): Promise<Finished>
  list(identityId: string): Promise<readonly ListedCredential[]>
  /** What its owner calls it: 1 to 64 characters, else refused (`label`). */
  rename(
    identityId: string,
    credentialId: string,
    label: string,
    by: Actor,
  ): Promise<{ readonly status: 'renamed' } | EnrolmentRefusal>
  /**
   * Refused (`last-way`, `needs-companion`, `policy-level`, `ways-in`) when the person could not get in any more, only with something that is not sufficient
   * alone, or less strongly than is asked of them; `force` is for an administrator's reset.
   */
  remove(
    identityId: string,
    credentialId: string,
    by: Actor,
    options?: RemovalOptions,
  ): Promise<{ readonly status: 'removed' } | EnrolmentRefusal>
  /** What keeps an address, and the ways that come with it, from being taken away, as for a credential. */
  hinders(identityId: string, own: Pick<Identifier, 'kind' | 'value'>): Promise<Obstacle | undefined>
}

const mostOfAKind = 20

export function createEnrolments(tools: EnrolmentsTools): Enrolments {
  const { identities, factors, audit } = tools
  const credentials = createCredentials(tools)
  const situations = createSituations({ identities, credentials, factors })
  const contexts = createContexts(tools)
  const attempts = createAttempts({ ...tools, settings: tools.settings.throttle })
  const tickets = createTickets(tools)
  const trustedDevices = createTrustedDevices(tools)

  const factorNamed = (name: string) => factors.find((factor) => factor.name === name)
  const own = (known: Known, factor: string) =>
    known.credentials.filter((credential) => credential.factor === factor)

  async function begin(identityId: string, name: string, visit: EnrolmentVisit, running?: string) {
    const factor = factorNamed(name)
    const known = await situations.ofIdentity(await identities.get(identityId))
    const enrolment = factor?.enrolment
    if (factor === undefined || enrolment?.begin === undefined || known.identity === undefined) return {}
    const enrolled = own(known, name).map(credentials.open)
    const purpose = { identityId, factor }
    const asked = running === undefined ? undefined : tickets.open(purpose, running)
    const context = contexts(factor, visit, known)
    const { challenge, show } = await enrolment.begin(context, enrolled, asked?.challenge)
    const goesOn = running !== undefined && isDeepStrictEqual(challenge, asked?.challenge)
    const ticket = goesOn ? running : tickets.issue(purpose, challenge)
    return show === undefined ? { ticket } : { ticket, show }
  }

  async function look(
    identityId: string,
    name: string,
    form: Form,
    visit: EnrolmentVisit,
    options: EnrolmentOptions = {},
  ): Promise<Prepared> {
    const factor = factorNamed(name)
    const known = await situations.ofIdentity(await identities.get(identityId))
    const { identity } = known
    if (factor?.enrolment === undefined || identity === undefined || identity.state === 'deleted')
      return refused('unknown')
    const ticket = openTicket(factor, identityId, options.ticket ?? form.ticket)
    if (ticket === 'expired') return refused('challenge-expired')
    const payment = await payFor(factor, identityId, ticket)
    if (payment.status === 'blocked') return refused('throttled')
    const outcome = await factor.enrolment.finish(contexts(factor, visit, known), ticket?.challenge, form)
    if (outcome.status === 'refused') return outcome
    return {
      status: 'prepared',
      async commit() {
        if (ticket !== undefined && !(await tickets.spend(ticket))) return refused('challenge-expired')
        const finished = await store(factor, identity, known, outcome, options)
        if (finished.status === 'refused') return finished
        // Guesses at what was replaced say nothing about what is there now.
        await attempts.clear([
          enrolmentSubject(factor, identityId),
          credentialSubject(finished.credential.id),
        ])
        return noted(finished, known, visit, options.by)
      },
    }
  }

  async function prepare(...enrolment: Parameters<Enrolments['prepare']>): Promise<Prepared> {
    const [, name, , , options] = enrolment
    const granted = options?.ceiling !== undefined || factorNamed(name)?.resettable
    return granted ? look(...enrolment) : refused('unknown')
  }

  async function finish(...enrolment: Parameters<Enrolments['finish']>): Promise<Finished> {
    const prepared = await look(...enrolment)
    return prepared.status === 'refused' ? prepared : prepared.commit()
  }

  /** Only a question can be guessed at: its answers are charged like those of a sign-in. */
  async function payFor(factor: Factor, identityId: string, ticket: Ticket | undefined): Promise<Payment> {
    if (ticket === undefined || factor.unguessable) return { status: 'paid', receipts: [], unheard: false }
    return attempts.pay([enrolmentSubject(factor, identityId)])
  }

  function openTicket(factor: Factor, identityId: string, text: string | undefined) {
    if (factor.enrolment?.begin === undefined) return undefined
    return (text === undefined ? undefined : tickets.open({ identityId, factor }, text)) ?? 'expired'
  }

  async function store(
    factor: Factor,
    identity: Identity,
    known: Known,
    outcome: Extract<Enrolled<unknown>, { status: 'enrolled' }>,
    { channel: vouchedOver, ceiling }: EnrolmentOptions,
  ): Promise<Finished> {
    const old = own(known, factor.name)
    if (!factor.single && old.length >= mostOfAKind) return refused('too-many')
    const replaced = factor.single ? old[0] : undefined
    const channel = channelFor(factor, replaced, vouchedOver)
    const { data, label, handle, strength, needsCompanion, show } = outcome
    const draft: CredentialDraft = {
      identityId: identity.id,
      factor: factor.name,
      data,
      ...(label === undefined ? {} : { label }),
      ...(handle === undefined ? {} : { handle }),
      ...(strength === undefined ? {} : { strength }),
      ...(needsCompanion === undefined ? {} : { needsCompanion }),
      ...(channel === undefined ? {} : { channel }),
      ...(ceiling === undefined ? {} : { ceiling }),
    }
    const credential =
      replaced === undefined
        ? await credentials.insert(draft, { only: factor.single })
        : await credentials.renew(replaced, draft)
    if (credential === undefined) return refused(handle === undefined ? 'conflict' : 'taken')
    return { status: 'enrolled', credential, ...(show === undefined ? {} : { show }) }
  }

  async function noted(
    finished: Extract<Finished, { status: 'enrolled' }>,
    known: Known,
    visit: EnrolmentVisit,
    by: Actor | undefined,
  ): Promise<Finished> {
    const { identityId, factor, id } = finished.credential
    const kind = known.credentials.some((old) => old.id === id) ? 'changed' : 'enrolled'
    const { address, userAgent, traceId } = visit
    const origin = userAgent === undefined ? { address } : { address, userAgent }
    const actor = by ?? ({ kind: 'identity', id: identityId, ...origin } as const)
    await trustedDevices.revokeAll(identityId, actor, { reason: 'changed' })
    await audit.record({
      action: `credential.${kind}`,
      result: 'success',
      actor,
      identityId,
      details: { factor, credential: id },
      ...(traceId === undefined ? {} : { traceId }),
    })
    return finished
  }

  async function list(identityId: string): Promise<readonly ListedCredential[]> {
    return (await credentials.of(identityId)).map((stored) => {
      const { data: _data, ...shown } = stored
      const about = factorNamed(stored.factor)?.about
      return about === undefined ? shown : { ...shown, about: about(credentials.open(stored).data) }
    })
  }

  const parts = { ...tools, credentials, situations, trustedDevices, policy: createPolicyNow(tools) }
  return {
    begin,
    prepare,
    finish,
    adopt: createAdoption(parts),
    list,
    rename: createRenaming(parts),
    ...createRemoval(parts),
  }
}

/** Whoever holds the channel can have a resettable credential whenever they like, until it is set on the strength of something else. */
function channelFor(
  factor: Factor,
  replaced: SealedCredential | undefined,
  vouchedOver: Channel | undefined,
): Channel | undefined {
  return factor.resettable ? (vouchedOver ?? replaced?.channel) : undefined
}
