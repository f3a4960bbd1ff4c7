/**
 * Keeps what a copy of the database must not give away. Every operation names a purpose; keys are derived per purpose,
 * so that a value sealed for one can never be opened or compared for another.
 */
export interface Vault {
  /** AES-256-GCM under the purpose's key. `context` is authenticated, not stored: give the same one to open it. */
  seal(purpose: string, plaintext: string, context: string): string
  /** Throws when the value was altered, or sealed for another purpose or context. */
  open(purpose: string, sealed: string, context: string): string
  /** HMAC-SHA-256, base64url: for what has fewer than 128 random bits (codes, addresses, user codes) and for derived values. */
  mac(purpose: string, value: string): string
}

/** SHA-256, base64url: only for values with at least 128 random bits. */
export type Digest = (value: string) => string
