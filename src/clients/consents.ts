// Owns the memory of what people allowed applications: one record per (identity, client), until withdrawn. Grants are made from it in oidc/; it never is one,
// so a replayed code can end a family of tokens and never what the person decided.
import type { Actor, AuditEvent } from '../domain/audit-event.ts'
import {
  type Consent,
  consentId,
  type Granted,
  namesAllowed,
  refusedClaim,
  refusedResourceScope,
} from '../domain/consent.ts'
import { Problem } from '../domain/problem.ts'
import type { Duration, Instant } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { Draft } from '../ports/storage.ts'
import type { Disclosure, Store } from '../ports/store.ts'

export interface ConsentsTools {
  readonly store: Pick<Store, 'consents' | 'disclosures'>
  readonly clock: Clock
  readonly audit: AuditLog
  readonly sessions: () => Pick<SessionRegistry, 'endGrants'>
  readonly settings: { readonly consent: Duration }
  /** Called once for every answer that gave a client more than it had, when that is written. */
  readonly onGranted?: (granted: Granted) => Promise<void>
}

/** What a person ticked, and what they unticked. */
export interface ConsentAnswer {
  readonly scopes: readonly string[]
  readonly claims?: readonly string[]
  readonly resources?: Readonly<Record<string, readonly string[]>>
  readonly refused?: readonly string[]
}

export interface Consents {
  /** Undefined when nothing was allowed, it was withdrawn, or it is so long ago that the person is asked again. */
  get(identityId: string, clientId: string): Promise<Consent | undefined>
  /** Adds to what was allowed before; two answers at once both count. What is allowed now is no longer refused, and the other way round. */
  allow(
    identityId: string,
    clientId: string,
    answer: ConsentAnswer,
    by: Actor,
    language?: string,
  ): Promise<Consent>
  /** Forgets it and ends every grant and token between the two; false when there was none. */
  withdraw(identityId: string, clientId: string, by: Actor): Promise<boolean>
  /**
   * Forgets some of it, named as a refusal would be, and ends every grant and token that carries one of them; the client may ask again. `openid` stays:
   * without it there is nothing left, which is `withdraw`. False when nothing of it was allowed.
   */
  narrow(identityId: string, clientId: string, names: readonly string[], by: Actor): Promise<boolean>
  list(identityId: string): Promise<readonly Consent[]>
  /** What each application was last given, and when; of those that were never given anything nothing. */
  given(identityId: string): Promise<readonly Disclosure[]>
}

const tries = 20

export function createConsents(tools: ConsentsTools): Consents {
  const { store, clock, audit, sessions, settings, onGranted } = tools
  const get = (identityId: string, clientId: string) => store.consents.get(consentId(identityId, clientId))

  async function merge(identityId: string, clientId: string, answer: ConsentAnswer) {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const before = await get(identityId, clientId)
      const now = clock()
      const times = { grantedAt: now, expiresAt: expiry(before, answer, now + settings.consent) }
      const draft: Draft<Consent> = {
        id: consentId(identityId, clientId),
        identityId,
        clientId,
        ...merged(before, answer),
        ...times,
      }
      if (before === undefined) {
        if (await store.consents.insert(draft)) return { before, consent: { ...draft, version: 1 } }
      } else if (await store.consents.replace({ ...draft, version: before.version })) {
        return { before, consent: { ...draft, version: before.version + 1 } }
      }
    }
    throw new Problem('conflict')
  }

  async function lessen(identityId: string, clientId: string, names: readonly string[]): Promise<boolean> {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const before = await get(identityId, clientId)
      if (before === undefined || !names.some((name) => namesAllowed(before).has(name))) return false
      if (await store.consents.replace({ ...before, ...without(before, names) })) return true
    }
    throw new Problem('conflict')
  }

  const noteWithdrawn = (about: Pick<AuditEvent, 'identityId' | 'clientId' | 'actor' | 'details'>) =>
    audit.record({ action: 'consent.withdrawn', result: 'success', ...about })

  return {
    get,

    async allow(identityId, clientId, answer, by, language) {
      const { before, consent } = await merge(identityId, clientId, answer)
      await audit.record({
        action: 'consent.granted',
        result: 'success',
        actor: by,
        identityId,
        clientId,
        details: { allowed: [...namesAllowed(answer)], refused: answer.refused ?? [] },
      })
      const had = before === undefined ? undefined : namesAllowed(before)
      const said = language === undefined ? {} : { language }
      if ([...namesAllowed(consent)].some((name) => !had?.has(name)))
        await onGranted?.({ identityId, clientId, first: had === undefined, by, ...said })
      return consent
    },

    async withdraw(identityId, clientId, by) {
      const existed = await store.consents.remove(consentId(identityId, clientId))
      // Also without a record: a first-party client has grants that nobody was asked for.
      await sessions().endGrants(identityId, clientId)
      if (existed) await noteWithdrawn({ identityId, clientId, actor: by })
      return existed
    },

    async narrow(identityId, clientId, names, by) {
      const withdrawn = names.filter((name) => name !== 'openid')
      const changed = await lessen(identityId, clientId, withdrawn)
      // Also when it was forgotten already: whoever did so may not have come to the end of it.
      await sessions().endGrants(identityId, clientId, { carrying: withdrawn })
      if (changed) await noteWithdrawn({ identityId, clientId, actor: by, details: { withdrawn } })
      return changed
    },

    given: (identityId) => store.disclosures.findBy('identityId', identityId),

    async list(identityId) {
      return store.consents.findBy('identityId', identityId)
    },
  }
}

/** Only who was shown everything has decided about everything anew: one scope more does not prolong the others. */
function expiry(before: Consent | undefined, answer: ConsentAnswer, renewed: Instant): Instant {
  if (before === undefined) return renewed
  const allowed = namesAllowed(answer)
  return [...namesAllowed(before)].every((name) => allowed.has(name)) ? renewed : before.expiresAt
}

function merged(
  before: Consent | undefined,
  answer: ConsentAnswer,
): Pick<Consent, 'scopes' | 'claims' | 'resources' | 'refused'> {
  const refusedNow = answer.refused ?? []
  const allowedNow = namesAllowed(answer)
  const kept = (name: string) => !refusedNow.includes(name)
  const indicators = new Set([
    ...Object.keys(before?.resources ?? {}),
    ...Object.keys(answer.resources ?? {}),
  ])
  return {
    scopes: union(before?.scopes, answer.scopes).filter(kept),
    claims: union(before?.claims, answer.claims).filter((claim) => kept(refusedClaim(claim))),
    resources: Object.fromEntries(
      [...indicators].map((indicator) => [
        indicator,
        union(before?.resources[indicator], answer.resources?.[indicator]).filter((scope) =>
          kept(refusedResourceScope(indicator, scope)),
        ),
      ]),
    ),
    refused: union(before?.refused, refusedNow).filter((name) => !allowedNow.has(name)),
  }
}

function without(
  { scopes, claims, resources }: Consent,
  names: readonly string[],
): Pick<Consent, 'scopes' | 'claims' | 'resources'> {
  const kept = Object.entries(resources).map(([indicator, allowed]) => [
    indicator,
    allowed.filter((scope) => !names.includes(refusedResourceScope(indicator, scope))),
  ])
  return {
    scopes: scopes.filter((scope) => !names.includes(scope)),
    claims: claims.filter((claim) => !names.includes(refusedClaim(claim))),
    resources: Object.fromEntries(kept.filter(([, allowed]) => allowed?.length)),
  }
}

function union(one: readonly string[] = [], other: readonly string[] = []): readonly string[] {
  return [...new Set([...one, ...other])].sort()
}
