import { setImmediate as otherWork } from 'node:timers/promises'
import type { Actor } from '../domain/audit-event.ts'
import { type Claims, changedClaims } from '../domain/claims.ts'
import { claimId, type Identifier, parseAs } from '../domain/identifier.ts'
import type { Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/time.ts'
import type { Draft } from '../ports/storage.ts'
import { createClaims } from './claims.ts'
import { parseGroups, parseRoles } from './groups.ts'
import type { Created, Identities, IdentitiesTools, IdentityDraft } from './index.ts'

export const mostIdentifiers = 20

export function createCreation(tools: IdentitiesTools): Pick<Identities, 'create' | 'freeOrphanedClaims'> {
  const { store, clock, random, audit } = tools
  const claims = createClaims(tools)

  async function create(draft: IdentityDraft, by: Actor): Promise<Created> {
    const parsed = parseDraft(draft, clock())
    if ('invalid' in parsed) return { status: 'invalid', kind: parsed.invalid }
    // 128 random bits: never guessed, never met twice.
    const identity: Draft<Identity> = { id: random(16), ...parsed }
    const taken = await takeAll(identity)
    if (taken !== undefined) return { status: 'taken', kind: taken.kind }
    if (!(await store.identities.insert(identity))) throw new Error('a random identity id was met twice')
    await audit.record({
      action: 'identity.created',
      result: 'success',
      actor: by,
      identityId: identity.id,
      details: { state: identity.state },
      personal: Object.fromEntries(identity.identifiers.map(({ kind, written }) => [kind, written])),
    })
    return { status: 'created', identity: { ...identity, version: 1 } }
  }

  /** The identifier that somebody else has, with every claim of ours given back; undefined when all are ours. */
  async function takeAll({ id, identifiers }: Draft<Identity>): Promise<Identifier | undefined> {
    const mine: string[] = []
    for (const identifier of identifiers) {
      if (!(await claims.take(id, identifier))) {
        for (const claimed of mine) await store.claims.remove(claimed)
        return identifier
      }
      mine.push(claimId(identifier))
    }
    return undefined
  }

  async function freeOrphanedClaims(): Promise<number> {
    let freed = 0
    let after: string | undefined
    do {
      const page = await store.claims.page({ limit: 50, ...(after === undefined ? {} : { after }) })
      for (const claim of page.items) freed += await claims.free(claim)
      after = page.next
      // The embedded store answers at once: without this, nobody else is answered until all are looked at.
      await otherWork()
    } while (after !== undefined)
    return freed
  }

  return { create, freeOrphanedClaims }
}

function parseDraft(
  draft: IdentityDraft,
  now: Instant,
): Omit<Draft<Identity>, 'id'> | { readonly invalid: string } {
  const identifiers = parseIdentifiers(draft, now)
  if ('invalid' in identifiers) return identifiers
  const checked = changedClaims({} satisfies Claims, draft.claims ?? {})
  if ('invalid' in checked) return checked
  const groups = parseGroups(draft.groups ?? [])
  if (groups === undefined) return { invalid: 'groups' }
  const roles = parseRoles(draft.roles ?? [])
  if (roles === undefined) return { invalid: 'roles' }
  const state = draft.state ?? 'invited'
  return { state, ...identifiers, ...checked, groups, roles, createdAt: now, updatedAt: now }
}

function parseIdentifiers(
  draft: IdentityDraft,
  now: Instant,
): { readonly identifiers: readonly Identifier[] } | { readonly invalid: string } {
  if (draft.identifiers.length === 0 || draft.identifiers.length > mostIdentifiers)
    return { invalid: 'identifiers' }
  const byClaim = new Map<string, Identifier>()
  for (const { kind, written, verified } of draft.identifiers) {
    const identifier = parseAs(kind, written)
    if (identifier === undefined) return { invalid: kind }
    byClaim.set(claimId(identifier), verified ? { ...identifier, verifiedAt: now } : identifier)
  }
  return { identifiers: [...byClaim.values()] }
}
