import type { Instant } from '../domain/time.ts'
import type { IdentitiesTools } from './index.ts'

/**
 * Whom they named, and that others named them: those who did find one contact less, and what was proved with it is void. Repeatable; of two who
 * change a row at once both changes stay.
 */
export async function eraseContacts(
  { contacts, vouchings }: Pick<IdentitiesTools['store'], 'contacts' | 'vouchings'>,
  id: string,
  now: Instant,
): Promise<void> {
  await contacts.remove(id)
  await vouchings.removeBy('ownerId', id)
  for (;;) {
    const [circle] = await contacts.findBy('named', id)
    if (circle === undefined) return
    const left = circle.contacts.filter(({ identityId }) => identityId !== id)
    const former = (circle.former ?? []).filter(({ identityId }) => identityId !== id)
    const named = circle.named.filter((one) => one !== id)
    // Whoever left before is missed by nobody.
    const isMissed = left.length < circle.contacts.length
    const brokenAt = isMissed ? Math.max(now, circle.brokenAt + 1) : circle.brokenAt
    await contacts.replace({ ...circle, contacts: left, former, named, brokenAt })
  }
}
