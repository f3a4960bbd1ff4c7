import type { Instant } from '../domain/time.ts'

/** Work that must survive a restart: done at least once, by one process at a time, with growing pauses between tries. */
export interface JobQueue {
  /** Stores the job, sealed, and returns. False when the queue of this kind is full (bounded). `id` makes it idempotent. */
  add(
    kind: string,
    payload: unknown,
    options?: { readonly id?: string; readonly dueAt?: Instant },
  ): Promise<boolean>
  /** Registers who does jobs of a kind; a throw means "try again later". Call before `start`. */
  handle<Payload>(kind: string, work: (payload: Payload) => Promise<void>): void
}
