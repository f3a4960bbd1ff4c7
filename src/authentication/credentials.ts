import type { Credential } from '../domain/credential.ts'
import { minute } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

/** A credential as stored: what belongs to the factor is sealed, whatever the factor is, so that none can forget it. */
export type SealedCredential = Credential<string>

export type CredentialDraft = Omit<Credential, 'id' | 'version' | 'createdAt' | 'lastUsedAt'>

export interface CredentialsTools {
  readonly store: Pick<Store, 'credentials'>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
}

export interface Credentials {
  /** One read, also for nobody. */
  of(identityId: string | undefined): Promise<readonly SealedCredential[]>
  get(id: string): Promise<SealedCredential | undefined>
  byHandle(factor: string, handle: string): Promise<SealedCredential | undefined>
  open(sealed: SealedCredential): Credential
  /** The id that an identity's only credential of a factor has. */
  onlyId(identityId: string, factor: string): string
  /** Undefined when there is one already: the same handle, or a second one where there may be one. */
  insert(draft: CredentialDraft, options: { readonly only: boolean }): Promise<Credential | undefined>
  /** Puts something new in the place of what is stored; undefined when that changed meanwhile. */
  renew(stored: SealedCredential, draft: CredentialDraft): Promise<Credential | undefined>
  /** It proved somebody: keeps the time and, by compare-and-set, the factor's new data. False when what the answer was compared with is gone. */
  used(stored: SealedCredential, data: unknown): Promise<boolean>
  /** New data, though nobody proved anything with it. False when it changed meanwhile. */
  amend(stored: SealedCredential, data: unknown): Promise<boolean>
  /** False when it changed meanwhile. */
  rename(stored: SealedCredential, label: string): Promise<boolean>
  /** Removes it; exactly one caller receives what it was. */
  take(id: string): Promise<SealedCredential | undefined>
  /** What was taken is there again, unless something stands in its place. */
  putBack(taken: SealedCredential): Promise<void>
}

export function createCredentials({ store, vault, clock, random }: CredentialsTools): Credentials {
  const rows = store.credentials

  function seal(
    id: string,
    { identityId, factor, data }: Pick<Credential, 'identityId' | 'factor' | 'data'>,
  ) {
    return vault.seal('credential', JSON.stringify(data ?? null), context(id, identityId, factor))
  }

  function open(sealed: SealedCredential): Credential {
    const { id, identityId, factor, data } = sealed
    return { ...sealed, data: JSON.parse(vault.open('credential', data, context(id, identityId, factor))) }
  }

  // Unique things are ids: exactly one of N racers inserts, and nothing has to be repaired afterwards.
  const onlyId = (identityId: string, factor: string) =>
    vault.mac('credential-id', `only ${factor} ${identityId}`)
  const handleId = (factor: string, handle: string) =>
    vault.mac('credential-id', `handle ${factor} ${handle}`)

  function idFor({ identityId, factor, handle }: CredentialDraft, only: boolean): string {
    if (handle !== undefined) return handleId(factor, handle)
    return only ? onlyId(identityId, factor) : random(16)
  }

  return {
    open,
    onlyId,
    of: (identityId) =>
      rows.findBy('identityId', identityId ?? 'nobody') as Promise<readonly SealedCredential[]>,
    get: (id) => rows.get(id) as Promise<SealedCredential | undefined>,
    byHandle: (factor, handle) => rows.get(handleId(factor, handle)) as Promise<SealedCredential | undefined>,
    async insert(draft, { only }) {
      const id = idFor(draft, only)
      const credential = { ...draft, id, createdAt: clock() }
      const written = await rows.insert({ ...credential, data: seal(id, draft) })
      return written ? { ...credential, version: 1 } : undefined
    },
    async renew(stored, draft) {
      const { id, version } = stored
      const credential = { ...draft, id, version, createdAt: clock() }
      const written = await rows.replace({ ...credential, data: seal(id, draft) })
      return written ? { ...credential, version: version + 1 } : undefined
    },
    async used(stored, data) {
      const now = clock()
      // Many sign-ins a minute need not each wait for the disk, nor get in each other's way.
      const noted = data === undefined && now - (stored.lastUsedAt ?? 0) < minute
      const sealed = data === undefined ? stored.data : seal(stored.id, { ...stored, data })
      if (!noted && (await rows.replace({ ...stored, data: sealed, lastUsedAt: now }))) return true
      return data === undefined && (await rows.get(stored.id))?.data === stored.data
    },
    amend: (stored, data) => rows.replace({ ...stored, data: seal(stored.id, { ...stored, data }) }),
    rename: (stored, label) => rows.replace({ ...stored, label }),
    take: (id) => rows.take(id) as Promise<SealedCredential | undefined>,
    async putBack({ version: _, ...taken }) {
      await rows.insert(taken)
    },
  }
}

function context(id: string, identityId: string, factor: string): string {
  return `${id} ${identityId} ${factor}`
}
