/** argon2id behind a bounded queue, outside the process that signs and answers. */
export interface PasswordHasher {
  /** PHC string. Throws `Problem('busy', { retryAfter })` when the queue is full, in all or for this `address`. */
  hash(password: string, address: string): Promise<string>
  /** True when the password matches; throws as `hash` does. Accepts any argon2 PHC string. */
  verify(phc: string, password: string, address: string): Promise<boolean>
  /** Throws as `hash` would now, and does nothing else: so that whoever will be turned away is turned away before anything is done for them. */
  admit(address: string): void
  /** The stored hash was made with other parameters than the configured ones. */
  outdated(phc: string): boolean
}
