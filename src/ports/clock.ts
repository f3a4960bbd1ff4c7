import type { Instant } from '../domain/time.ts'

/** Now, in milliseconds since the epoch. Injected, so that tests can move it. */
export type Clock = () => Instant

/** `bytes` random bytes as base64url, from the operating system. 16 or more make a value that cannot be guessed. */
export type Random = (bytes: number) => string
