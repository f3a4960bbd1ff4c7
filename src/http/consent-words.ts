import type { Translate } from './language.ts'

const icons: Readonly<Record<string, string>> = {
  openid: 'key',
  profile: 'user',
  email: 'mail',
  phone: 'phone',
  address: 'place',
  groups: 'users',
  offline_access: 'clock',
}

const personal = new Set(['openid', 'profile', 'email', 'phone', 'address', 'groups'])

/** Something that an application asks for, or has: the same words wherever people meet it. */
export interface Permission {
  readonly icon: string
  readonly text: string
}

export function scopePermission(name: string, t: Translate): Permission {
  const icon = icons[name]
  return icon === undefined
    ? { icon: 'check', text: t('consent.scopes.other', { name }) }
    : { icon, text: t(`consent.scopes.${name}`) }
}

export function claimPermission(name: string, t: Translate): Permission {
  const key = `consent.claims.${name}`
  const text = t(key)
  return { icon: 'check', text: text === key ? t('consent.claims.other', { name }) : text }
}

/** About the person, not about what may be done in their name. */
export function isPersonal(scope: string): boolean {
  return personal.has(scope)
}

/** The same order everywhere: who they are first, what an application does while they are away last. */
function inOrder(names: readonly string[]): readonly string[] {
  const known = Object.keys(icons)
  const rank = (name: string) => (known.indexOf(name) + known.length) % known.length
  return [...names].sort((one, other) => rank(one) - rank(other))
}

/** A permission under the name that a refusal of it would have (`domain/consent.ts`). */
export interface NamedPermission extends Permission {
  readonly name: string
}

export interface PermissionGroup {
  readonly heading: string
  readonly lines: readonly NamedPermission[]
}

/** What such names mean, in the groups of the consent page; `resourceName` knows what APIs are called. */
export function permissionGroups(
  names: readonly string[],
  t: Translate,
  resourceName: (indicator: string) => string,
): readonly PermissionGroup[] {
  const parts = inOrder(names).map((name) => [name, ...name.split(' ')] as const)
  const scopes = parts.filter(([, , second]) => second === undefined)
  const line = (name: string, permission: Permission): NamedPermission => ({ name, ...permission })
  const scopeLines = (own: boolean) =>
    scopes.filter(([name]) => isPersonal(name) === own).map(([name]) => line(name, scopePermission(name, t)))
  const claims = parts.flatMap(([name, kind, claim]) =>
    kind === 'claims' && claim !== undefined ? [line(name, claimPermission(claim, t))] : [],
  )
  const ofResources = parts.filter(([, kind, scope]) => scope !== undefined && kind !== 'claims')
  const indicators = new Set(ofResources.map(([, indicator = '']) => indicator))
  const resources = [...indicators].map((indicator) => ({
    heading: t('consent.groups.resource', { resource: resourceName(indicator) }),
    lines: ofResources
      .filter(([, of]) => of === indicator)
      .map(([name, , scope = '']) => line(name, scopePermission(scope, t))),
  }))
  return [
    { heading: t('consent.groups.you'), lines: [...scopeLines(true), ...claims] },
    { heading: t('consent.groups.access'), lines: scopeLines(false) },
    ...resources,
  ].filter(({ lines }) => lines.length > 0)
}
