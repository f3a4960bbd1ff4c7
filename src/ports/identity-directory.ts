import type { Identity } from '../domain/identity.ts'

/** Read access to identities for those who only need to know. */
export interface IdentityDirectory {
  get(id: string): Promise<Identity | undefined>
}
