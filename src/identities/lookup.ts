import {
  claimId,
  type Identifier,
  type IdentifierKind,
  parseAs,
  parseIdentifier,
} from '../domain/identifier.ts'
import type { Identity } from '../domain/identity.ts'
import type { Page } from '../ports/storage.ts'
import type { IdentifierClaim } from '../ports/store.ts'
import type { Identities, IdentitiesTools, IdentityQuery } from './index.ts'

/** Looked up in nobody's place, so that an unknown identifier costs the same two reads (S32). */
const nobody = '-'

export function createLookup({
  store,
}: Pick<IdentitiesTools, 'store'>): Pick<Identities, 'get' | 'findByIdentifier' | 'list'> {
  const get = (id: string) => store.identities.get(id)

  async function findByIdentifier(
    kind: IdentifierKind | 'any',
    value: string,
  ): Promise<Identity | undefined> {
    const identifier = kind === 'any' ? parseIdentifier(value) : parseAs(kind, value)
    const claim = await store.claims.get(identifier === undefined ? nobody : claimId(identifier))
    const identity = await get(claim?.identityId ?? nobody)
    return identity !== undefined && identifier !== undefined && has(identity, identifier)
      ? identity
      : undefined
  }

  async function list(query: IdentityQuery): Promise<Page<Identity>> {
    const search = query.search?.toWellFormed().normalize('NFKC').trim().toLowerCase() ?? ''
    if (search !== '') return find(search, query)
    const { after, limit } = query
    const page = await store.identities.page({ limit, ...(after === undefined ? {} : { after }) })
    return { ...page, items: page.items.filter((identity) => identity.state !== 'deleted') }
  }

  /** Through the claims, whose ids begin with the kind: one index range per kind, however many identities there are. */
  async function find(search: string, query: IdentityQuery): Promise<Page<Identity>> {
    const named = query.after === undefined ? await get(query.search?.toWellFormed().trim() ?? '') : undefined
    if (named !== undefined && named.state !== 'deleted') return { items: [named] }
    const { claims, next } = await matchingClaims(search, query)
    const found = await Promise.all([...new Set(claims.map((claim) => claim.identityId))].map(get))
    const items = found.filter(
      (identity) => identity !== undefined && identity.state !== 'deleted',
    ) as Identity[]
    return next === undefined ? { items } : { items, next }
  }

  /** Kind after kind; the position is `<kind> <the page's own position>`. */
  async function matchingClaims(search: string, { after, limit }: IdentityQuery) {
    const claims: IdentifierClaim[] = []
    const kinds = kindsOf(search)
    const [kindNow, position] = split(after)
    for (const kind of kinds.slice(Math.max(0, kinds.indexOf(kindNow as IdentifierKind)))) {
      const from = kind === kindNow && position !== '' ? { after: position } : {}
      const prefix = claimId({ kind, value: search })
      const page = await store.claims.page({ prefix, limit: limit - claims.length, ...from })
      claims.push(...page.items)
      if (page.next !== undefined) return { claims, next: `${kind} ${page.next}` }
      const further = kinds[kinds.indexOf(kind) + 1]
      if (claims.length >= limit && further !== undefined) return { claims, next: `${further} ` }
    }
    return { claims, next: undefined }
  }

  return { get, findByIdentifier, list }
}

function has(identity: Identity, { kind, value }: Identifier): boolean {
  return identity.identifiers.some((one) => one.kind === kind && one.value === value)
}

/** What the text can be the beginning of. */
function kindsOf(search: string): readonly IdentifierKind[] {
  if (search.startsWith('+')) return ['phone']
  return search.includes('@') ? ['email'] : ['email', 'username']
}

function split(after: string | undefined): readonly [string, string] {
  const at = after?.indexOf(' ') ?? -1
  return after === undefined || at < 0 ? ['', ''] : [after.slice(0, at), after.slice(at + 1)]
}
