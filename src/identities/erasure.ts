import { eraseContacts } from './contact-erasure.ts'
import type { IdentitiesTools } from './index.ts'
import { createReservations } from './reservations.ts'

/**
 * Erases what belongs to a deleted identity, beside its own row; answers how many identifiers became free.
 * The claims go last: as long as one is there, the orphan job and a second call find what a crash left.
 */
export async function erase(
  tools: Pick<IdentitiesTools, 'store' | 'audit' | 'clock' | 'vault' | 'settings'>,
  id: string,
): Promise<number> {
  const { store, audit, clock } = tools
  await store.credentials.removeBy('identityId', id)
  await store.devices.removeBy('identityId', id)
  await store.whereabouts.remove(id)
  await store.pictures.removeBy('identityId', id)
  await store.deferrals.removeBy('identityId', id)
  await store.links.removeBy('identityId', id)
  await store.recoveries.remove(id)
  await eraseContacts(store, id, clock())
  await store.objections.removeBy('identityId', id)
  await store.cases.removeBy('identityId', id)
  await store.caseParts.removeBy('identityId', id)
  await store.consents.removeBy('identityId', id)
  await store.disclosures.removeBy('identityId', id)
  await store.exports.remove(id)
  await store.exportPieces.removeBy('identityId', id)
  await audit.forget(id)
  const isUnused = (await store.identities.get(id))?.unused === true
  if (!isUnused) await createReservations(tools).reserve(await store.claims.findBy('identityId', id))
  return store.claims.removeBy('identityId', id)
}
