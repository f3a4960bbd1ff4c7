// Owns the pictures that people give themselves: made anew by whoever `make` is, kept in a row of their own, shown to everybody who knows their
// address, which stands in the claim `picture` and nowhere else. A picture that an administrator names by its own address is not kept here.
import type { Actor } from '../domain/audit-event.ts'
import { type Identity, may } from '../domain/identity.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Made, PictureMaker, PictureType } from '../ports/picture-maker.ts'
import type { Store } from '../ports/store.ts'
import { amend } from './amend.ts'

export interface PicturesTools {
  readonly store: Pick<Store, 'identities' | 'pictures'>
  readonly make: PictureMaker
  readonly clock: Clock
  readonly random: Random
  readonly audit: AuditLog
  /** Origin of this server as people see it. */
  readonly issuer: string
}

export type PictureSet =
  | { readonly status: 'set'; readonly picture: string }
  | Extract<Made, { status: 'refused' }>
  | { readonly status: 'unknown' }

export interface Pictures {
  /** What is kept is made of the pixels alone; of any number at once the last one stays, and no other. */
  set(
    identityId: string,
    file: { readonly type: PictureType; readonly bytes: Uint8Array },
    by: Actor,
  ): Promise<PictureSet>
  /** A JPEG; undefined too while its person is suspended or disabled. */
  find(id: string): Promise<Uint8Array | undefined>
}

export const picturesPath = '/pictures'

export function createPictures(tools: PicturesTools): Pictures {
  const { store, make, clock, random, audit, issuer } = tools
  return {
    async set(identityId, { type, bytes }, by) {
      const made = await make(type, bytes)
      if (made.status === 'refused') return made
      // 128 random bits: whoever is not told the address does not find it.
      const id = random(16)
      const kept = Buffer.from(made.bytes).toString('base64')
      await store.pictures.insert({ id, identityId, bytes: kept, createdAt: clock() })
      const picture = `${issuer}${picturesPath}/${id}`
      const amended = await amend(store, identityId, (identity) =>
        identity.state === 'deleted'
          ? undefined
          : { ...identity, claims: { ...identity.claims, picture }, updatedAt: clock() },
      )
      if (amended === undefined || amended.before === amended.after) {
        await store.pictures.remove(id)
        return { status: 'unknown' }
      }
      await forgetReplaced(store, amended)
      await audit.record({
        action: 'identity.updated',
        result: 'success',
        actor: by,
        identityId,
        details: { changed: ['picture'] },
      })
      return { status: 'set', picture }
    },

    async find(id) {
      const row = await store.pictures.get(id)
      const owner = row && (await store.identities.get(row.identityId))
      if (row === undefined || owner === undefined || !may(owner, 'hold-tokens')) return undefined
      return Buffer.from(row.bytes, 'base64')
    },
  }
}

const ownAddress = new RegExp(`${picturesPath}/([\\w-]{22})$`)

/**
 * After any change of claims: the kept picture that is not shown any more. Whoever took its place in the claim takes it away, so of any number at once
 * each takes away its own predecessor. One that a crash leaves is shown nowhere, and goes with its identity.
 */
export async function forgetReplaced(
  store: Pick<Store, 'pictures'>,
  { before, after }: { readonly before: Identity; readonly after: Identity },
): Promise<void> {
  const former = before.claims.picture
  if (former === undefined || former === after.claims.picture) return
  const row = await store.pictures.get(ownAddress.exec(former)?.[1] ?? '-')
  // The address may have been written by hand: nobody takes away somebody else's.
  if (row !== undefined && row.identityId === before.id) await store.pictures.remove(row.id)
}
