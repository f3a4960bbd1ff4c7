import type { AdapterPayload } from 'oidc-provider'
import type { Artifact } from '../ports/store.ts'
import { type Artifacts, rowOf } from './artifacts.ts'
import { type Model, type ModelClass, originOf, rememberOrigins, setOrigin } from './models.ts'

interface GrantModel extends Model {
  clean(): void
  rejected?: object
}

interface Granted {
  readonly scope?: string
  readonly claims?: readonly string[]
}

interface GrantPayload {
  readonly openid?: Granted
  readonly resources?: Readonly<Record<string, string>>
  readonly rejected?: GrantPayload
}

/**
 * A Grant is the root of a family of tokens, so one that was ended stays ended: a request in flight that extends it writes nothing.
 * Two that extend it at once both get what they added, since a Grant is only ever extended.
 */
export function keepGrantsEnded(Grant: ModelClass, artifacts: Artifacts): void {
  rememberOrigins(Grant)
  const saveNew = Grant.prototype.save
  Object.assign(Grant.prototype, {
    async save(this: GrantModel) {
      const row = originOf<Artifact>(this)
      if (row !== undefined) return extend(this, row, artifacts)
      const id = await saveNew.call(this)
      const made = await artifacts.row('Grant', id)
      if (made !== undefined) setOrigin(this, made)
      return id
    },
  })
}

async function extend(grant: GrantModel, row: Artifact, artifacts: Artifacts): Promise<string> {
  const id = grant.jti ?? ''
  grant.clean()
  if (grant.rejected) grant.clean.call(grant.rejected as GrantModel)
  const { payload } = await grant.getValueAndPayload()
  let current: Artifact | undefined = row
  let wanted = payload
  while (current !== undefined) {
    if (await artifacts.replace(current, 'Grant', wanted, grant.remainingTTL)) {
      setOrigin(grant, { ...current, version: current.version + 1 })
      grant.emit('saved')
      return id
    }
    const stored = await artifacts.find('Grant', id)
    current = stored && rowOf(stored)
    if (stored) wanted = union(stored as GrantPayload, payload as GrantPayload) as AdapterPayload
  }
  return id
}

/** What was refused is as the later decision has it. */
function union(stored: GrantPayload, wanted: GrantPayload): GrantPayload {
  const indicators = new Set([...Object.keys(stored.resources ?? {}), ...Object.keys(wanted.resources ?? {})])
  const resources = [...indicators].map((indicator) => [
    indicator,
    words(stored.resources?.[indicator], wanted.resources?.[indicator]),
  ])
  return {
    ...wanted,
    ...(stored.openid || wanted.openid ? { openid: unionOf(stored.openid, wanted.openid) } : {}),
    ...(resources.length > 0 ? { resources: Object.fromEntries(resources) } : {}),
  }
}

function unionOf(stored: Granted = {}, wanted: Granted = {}): Granted {
  const claims = [...new Set([...(stored.claims ?? []), ...(wanted.claims ?? [])])]
  const scope = words(stored.scope, wanted.scope)
  return { ...(scope === '' ? {} : { scope }), ...(claims.length > 0 ? { claims } : {}) }
}

function words(...lists: readonly (string | undefined)[]): string {
  return [...new Set(lists.flatMap((list) => list?.split(' ') ?? []))].join(' ')
}
