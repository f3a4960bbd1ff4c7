import { timingSafeEqual } from 'node:crypto'
import type { Client, ClientSecret } from '../domain/client.ts'
import type { Instant } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Digest } from '../ports/vault.ts'

export interface SecretTools {
  readonly clock: Clock
  readonly random: Random
  readonly digest: Digest
}

/** 256 random bits: `secret` is shown once, its SHA-256 is kept. */
export function createSecret(
  { clock, random, digest }: SecretTools,
  expiresAt?: Instant,
): { readonly secret: string; readonly kept: ClientSecret } {
  const secret = random(32)
  const kept = { id: random(9), hash: digest(secret), createdAt: clock() }
  return { secret, kept: expiresAt === undefined ? kept : { ...kept, expiresAt } }
}

/** Compares with every secret, whichever matched first and whether or not it expired: the time says nothing about how many there are or which one fits. */
export function matchesAny(
  client: Client,
  secret: string,
  { clock, digest }: Pick<SecretTools, 'clock' | 'digest'>,
): boolean {
  const given = Buffer.from(digest(secret))
  const now = clock()
  let matched = false
  for (const { hash, expiresAt } of client.secrets) {
    const kept = Buffer.from(hash)
    const isSame = kept.length === given.length && timingSafeEqual(kept, given)
    matched = (isSame && (expiresAt === undefined || expiresAt > now)) || matched
  }
  return matched
}
