/** Seals what has to die with an identity: its key is destroyed at deletion, and nothing opens it any more. */
export interface PersonalSeal {
  /** Undefined once the identity was deleted. `purpose` and `context` as for the vault. */
  seal(identityId: string, purpose: string, text: string, context: string): Promise<string | undefined>
  /** Undefined once the identity was deleted; throws when the value was altered. */
  open(identityId: string, purpose: string, sealed: string, context: string): Promise<string | undefined>
}
