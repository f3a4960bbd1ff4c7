import type { Role } from '../domain/identity.ts'

const mostGroups = 200
const groupName = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._:/-]{0,62}[\p{L}\p{N}])?$/u
const roles: readonly Role[] = ['administrator', 'reviewer']

/** Without repetitions, sorted; undefined when one is no group name. May be given input. */
export function parseGroups(names: unknown): readonly string[] | undefined {
  if (!Array.isArray(names) || names.length > mostGroups) return undefined
  const groups = names.map((name) => (typeof name === 'string' ? name.normalize('NFC').trim() : ''))
  return groups.every((name) => groupName.test(name)) ? [...new Set(groups)].sort() : undefined
}

/** Without repetitions; undefined when one is unknown. May be given input. */
export function parseRoles(names: unknown): readonly Role[] | undefined {
  if (!Array.isArray(names)) return undefined
  return names.every((name) => roles.includes(name))
    ? roles.filter((role) => names.includes(role))
    : undefined
}
