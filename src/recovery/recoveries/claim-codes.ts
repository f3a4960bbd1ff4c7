import { canonicalCode, createWrittenCode, isWrittenCode } from '../../domain/written-code.ts'
import type { Random } from '../../ports/clock.ts'
import type { Vault } from '../../ports/vault.ts'

/** Codes by which people come back to what they began without being signed in: shown once, stored as keyed hashes (S28). */
export interface ClaimCodes {
  make(): string
  /** What a code is stored and found as, however it was typed; undefined when it is none. */
  hashOf(code: string): string | undefined
}

export function createClaimCodes({ vault, random }: { vault: Vault; random: Random }): ClaimCodes {
  return {
    make: () => createWrittenCode(random),
    hashOf(code) {
      const canonical = canonicalCode(code.slice(0, 100))
      return isWrittenCode(canonical) ? vault.mac('claim-code', canonical) : undefined
    },
  }
}
