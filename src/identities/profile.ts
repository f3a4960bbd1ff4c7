import { changedClaims } from '../domain/claims.ts'
import { parseAs } from '../domain/identifier.ts'
import type { Identity, Role } from '../domain/identity.ts'
import type { Instant } from '../domain/time.ts'
import { amend } from './amend.ts'
import { parseGroups, parseRoles } from './groups.ts'
import type { Identities, IdentitiesTools, IdentityChange } from './index.ts'
import { forgetReplaced } from './pictures.ts'

type Changed = { readonly identity: Identity; readonly names: readonly string[] }

export function createProfiles({
  store,
  clock,
  audit,
}: IdentitiesTools): Pick<Identities, 'update' | 'verifyIdentifier'> {
  return {
    async update(id, change, by) {
      let outcome: Changed | { readonly invalid: string } | undefined
      const amended = await amend(store, id, (identity) => {
        outcome = identity.state === 'deleted' ? undefined : changed(identity, change, clock())
        return outcome !== undefined && 'identity' in outcome && outcome.names.length > 0
          ? outcome.identity
          : undefined
      })
      if (amended === undefined || outcome === undefined) return { status: 'unknown' }
      if ('invalid' in outcome) return { status: 'invalid', kind: outcome.invalid }
      await forgetReplaced(store, amended)
      if (outcome.names.length > 0)
        await audit.record({
          action: 'identity.updated',
          result: 'success',
          actor: by,
          identityId: id,
          details: { changed: outcome.names },
        })
      return { status: 'updated', identity: amended.after }
    },

    async verifyIdentifier(id, kind, value, by) {
      const wanted = parseAs(kind, value)
      if (wanted === undefined) return false
      let found = false
      const amended = await amend(store, id, (identity) => {
        const proved = identity.identifiers.map((one) =>
          one.kind === kind && one.value === wanted.value && one.verifiedAt === undefined
            ? { ...one, verifiedAt: clock() }
            : one,
        )
        found = proved.some((one) => one.kind === kind && one.value === wanted.value)
        const isNews = proved.some((one, index) => one !== identity.identifiers[index])
        return isNews ? { ...identity, identifiers: proved, updatedAt: clock() } : undefined
      })
      if (amended !== undefined && amended.after !== amended.before)
        await audit.record({
          action: 'identity.identifier-verified',
          result: 'success',
          actor: by,
          identityId: id,
          details: { kind },
          personal: { identifier: wanted.written },
        })
      return amended !== undefined && found
    },
  }
}

/** Field by field: whatever else stands in `change` is never looked at, so nobody assigns a state or an identifier through here. */
function changed(
  identity: Identity,
  change: IdentityChange,
  now: Instant,
): Changed | { readonly invalid: string } {
  const checked = changedClaims(identity.claims, change.claims ?? {})
  if ('invalid' in checked) return checked
  const groups = change.groups === undefined ? identity.groups : parseGroups(change.groups)
  if (groups === undefined) return { invalid: 'groups' }
  const roles = parseRoles(change.roles ?? rolesAfter(identity.roles, change.role))
  if (roles === undefined) return { invalid: 'roles' }
  const { claims } = checked
  const next = { ...identity, claims, groups, roles, updatedAt: now }
  return { identity: next, names: differences(identity, next) }
}

function rolesAfter(before: readonly Role[], role: IdentityChange['role']): readonly Role[] {
  if (role === undefined) return before
  const others = before.filter((one) => one !== role.name)
  return role.held ? [...others, role.name] : others
}

function differences(before: Identity, after: Identity): string[] {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
  const names = new Set([...Object.keys(before.claims), ...Object.keys(after.claims)]) as Set<
    keyof Identity['claims']
  >
  const changedClaimNames = [...names].filter((name) => !same(before.claims[name], after.claims[name]))
  const changedLists = (['groups', 'roles'] as const).filter((name) => !same(before[name], after[name]))
  return [...changedClaimNames, ...changedLists]
}
