import type { Contact } from '../../domain/contact.ts'
import type { Identifier } from '../../domain/identifier.ts'
import type { Vault } from '../../ports/vault.ts'

const purpose = 'contact'

/** What a person typed to name a contact: theirs to see, and nobody's who copies the database. */
export function createContactNames(vault: Vault) {
  return {
    seal: (typed: Identifier, id: string): string => vault.seal(purpose, JSON.stringify(typed), id),
    open: ({ id, sealed }: Pick<Contact, 'id' | 'sealed'>): Identifier =>
      JSON.parse(vault.open(purpose, sealed, id)),
  }
}
