// Owns the rows of oidc-provider's models except sessions: keyed by a digest, sealed as a whole, spent by compare-and-set,
// ended by family (everything that one Grant led to). Sessions are session-rows.ts; what the library sees is adapter.ts.
import type { AdapterPayload } from 'oidc-provider'
import { namesAllowed } from '../domain/consent.ts'
import type { Duration } from '../domain/time.ts'
import { minute, second } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Draft } from '../ports/storage.ts'
import type { Artifact, Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'

export interface ArtifactDeps {
  readonly store: Pick<Store, 'artifacts'>
  readonly vault: Vault
  readonly digest: Digest
  readonly clock: Clock
  readonly settings: { readonly interaction: Duration }
}

/** What became of an attempt to spend a row; `row` is its last known state, absent when it is gone. */
export interface Spent {
  readonly won: boolean
  readonly row?: Artifact
}

export interface GrantOf {
  readonly grantId: string | undefined
  readonly clientId: string | undefined
  /** What it allows, as a consent names it. */
  readonly names: readonly string[]
}

export interface Artifacts {
  /** The payload as it was saved, with `consumed` in seconds when it was spent. Its row is remembered for `rowOf`. */
  find(model: string, id: string): Promise<AdapterPayload | undefined>
  findByUserCode(model: string, userCode: string): Promise<AdapterPayload | undefined>
  /** Without opening it. */
  row(model: string, id: string): Promise<Artifact | undefined>
  /** Writes what the library saves; `expiresIn` in seconds. What is issued once is only ever inserted. */
  save(model: string, id: string, payload: AdapterPayload, expiresIn?: number): Promise<void>
  /** Compare-and-set of a row that was read, with a new payload; false when it changed or is gone. */
  replace(row: Artifact, model: string, payload: AdapterPayload, expiresIn?: number): Promise<boolean>
  /** Marks a row as spent: `won` for exactly one of N racers, whatever state of the row each of them had read. */
  spend(row: Artifact): Promise<Spent>
  remove(model: string, id: string): Promise<boolean>
  /** Every Grant of an identity, of sessions long gone too. */
  grantsOf(identityId: string): Promise<readonly GrantOf[]>
  /** Those of them that refresh tokens of this session are from, also when it is over. */
  grantsOfSession(identityId: string, uid: string): Promise<readonly string[]>
  /** Deletes everything that a grant led to, but not the Grant. */
  removeMembers(grantId: string): Promise<void>
  /** Deletes the Grant first, so that what is still being issued from it is dead on arrival. True for the one that ended it. */
  endFamily(grantId: string): Promise<boolean>
}

const purpose = 'artifact'
const userCodePurpose = 'user-code'

/** Saved once under an id of their own; a second write could only undo a mark. */
const insertOnly = new Set([
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'PushedAuthorizationRequest',
  'RefreshToken',
])

/** Saved again while they wait for a person: a late write must not undo that they were spent. */
const awaitsPerson = new Set(['DeviceCode', 'BackchannelAuthenticationRequest'])

// An interaction belongs to no family: ending the tokens of a grant must not end a consent page that is open.
const familyless = new Set(['Interaction'])

const rows = new WeakMap<object, Artifact>()

/** The row that a payload was opened from, with the version that a compare-and-set needs. */
export function rowOf(payload: object): Artifact | undefined {
  return rows.get(payload)
}

/** Stateless: any number of processes and Provider instances share what is stored. Throws as the store does. */
export function createArtifacts(deps: ArtifactDeps): Artifacts {
  const { vault, digest, clock, settings } = deps
  const { artifacts } = deps.store
  const retention = retentions(settings.interaction)

  const keyOf = (model: string, id: string) => `${model}:${digest(id)}`

  function open(row: Artifact): AdapterPayload {
    const payload: AdapterPayload = JSON.parse(vault.open(purpose, row.sealed, row.id))
    if (row.consumedAt !== undefined) payload.consumed = Math.floor(row.consumedAt / second)
    rows.set(payload, row)
    return payload
  }

  function draft(id: string, model: string, payload: AdapterPayload, expiresIn?: number): Draft<Artifact> {
    const made: Writable<Draft<Artifact>> = { id, sealed: vault.seal(purpose, textOf(payload), id) }
    // Each index costs as much as sealing does, so what has a Grant is found by it alone: without its Grant it is dead.
    if (payload.grantId !== undefined && !familyless.has(model)) made.grantId = payload.grantId
    else {
      if (payload.accountId !== undefined) made.accountId = payload.accountId
      if (payload.clientId !== undefined) made.clientId = payload.clientId
    }
    if (payload.userCode !== undefined) made.userCode = vault.mac(userCodePurpose, payload.userCode)
    if (expiresIn !== undefined) made.expiresAt = clock() + expiresIn * second + (retention.get(model) ?? 0)
    return made
  }

  async function amend(model: string, id: string, payload: AdapterPayload, expiresIn?: number) {
    for (;;) {
      const row = await artifacts.get(id)
      const next = draft(id, model, payload, expiresIn)
      if (row === undefined) {
        if (await artifacts.insert(next)) return
      } else if (row.consumedAt !== undefined) return
      else if (await artifacts.replace({ ...next, version: row.version })) return
    }
  }

  async function spend(row: Artifact): Promise<Spent> {
    let current: Artifact | undefined = row
    while (current !== undefined && current.consumedAt === undefined) {
      const spent: Artifact = { ...current, consumedAt: clock() }
      if (await artifacts.replace(spent)) return { won: true, row: spent }
      current = await artifacts.get(row.id)
    }
    return current === undefined ? { won: false } : { won: false, row: current }
  }

  async function grantsOf(identityId: string): Promise<readonly GrantOf[]> {
    const found: GrantOf[] = []
    const query = { prefix: 'Grant:', where: { index: 'accountId', value: identityId }, limit: 1_000 }
    for (let after: string | undefined; ; ) {
      const page = await artifacts.page(after === undefined ? query : { ...query, after })
      for (const row of page.items) {
        const grant = open(row)
        found.push({ grantId: grant.jti, clientId: row.clientId, names: namesOf(grant) })
      }
      if (page.next === undefined) return found
      after = page.next
    }
  }

  /** Which session a token is from stands in what is sealed: whoever asks has time. */
  async function isOfSession(grantId: string, uid: string): Promise<boolean> {
    const members = await artifacts.findBy('grantId', grantId)
    return members.some((row) => row.id.startsWith('RefreshToken:') && open(row).sessionUid === uid)
  }

  return {
    async find(model, id) {
      const row = await artifacts.get(keyOf(model, id))
      return row && open(row)
    },
    async findByUserCode(model, userCode) {
      const found = await artifacts.findBy('userCode', vault.mac(userCodePurpose, userCode))
      const row = found.find(({ id }) => id.startsWith(`${model}:`))
      return row && open(row)
    },
    row: (model, id) => artifacts.get(keyOf(model, id)),
    async save(model, id, payload, expiresIn) {
      const key = keyOf(model, id)
      if (awaitsPerson.has(model)) await amend(model, key, payload, expiresIn)
      else if (insertOnly.has(model)) await artifacts.insert(draft(key, model, payload, expiresIn))
      else await artifacts.put(draft(key, model, payload, expiresIn))
    },
    replace: (row, model, payload, expiresIn) =>
      artifacts.replace({ ...draft(row.id, model, payload, expiresIn), version: row.version }),
    spend,
    remove: (model, id) => artifacts.remove(keyOf(model, id)),
    grantsOf,
    async grantsOfSession(identityId, uid) {
      const ids = (await grantsOf(identityId)).flatMap(({ grantId }) => grantId ?? [])
      const own = await Promise.all(ids.map((grantId) => isOfSession(grantId, uid)))
      return ids.filter((_, index) => own[index])
    },
    async removeMembers(grantId) {
      await artifacts.removeBy('grantId', grantId)
    },
    async endFamily(grantId) {
      const ended = await artifacts.remove(keyOf('Grant', grantId))
      await artifacts.removeBy('grantId', grantId)
      return ended
    },
  }
}

interface Granting {
  readonly openid?: { readonly scope?: string; readonly claims?: readonly string[] }
  readonly resources?: Readonly<Record<string, string>>
}

function namesOf(grant: AdapterPayload): readonly string[] {
  const { openid = {}, resources = {} } = grant as Granting
  const words = (text = '') => text.split(' ').filter(Boolean)
  const granted = Object.entries(resources).map(([indicator, scope]) => [indicator, words(scope)] as const)
  const allowed = {
    scopes: words(openid.scope),
    claims: openid.claims ?? [],
    resources: Object.fromEntries(granted),
  }
  return [...namesAllowed(allowed)]
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

/** How much longer than their own life rows stay readable, so that a late use gets its proper answer. */
function retentions(interaction: Duration): ReadonlyMap<string, Duration> {
  return new Map([
    // Looked up again when the sign-in is complete: gone by then, it could be used twice (RFC 9126 2.2).
    ['PushedAuthorizationRequest', interaction],
    // The answer is `expired_token`, not `invalid_grant` (RFC 8628 3.5, CIBA 11).
    ['DeviceCode', 10 * minute],
    ['BackchannelAuthenticationRequest', 10 * minute],
  ])
}

/** Without the session cookie that the library copies into an Interaction and never reads. */
function textOf(payload: AdapterPayload): string {
  const { session } = payload as { session?: { cookie?: string } }
  if (session?.cookie === undefined) return JSON.stringify(payload)
  const { cookie: _, ...rest } = session
  return JSON.stringify({ ...payload, session: rest })
}
