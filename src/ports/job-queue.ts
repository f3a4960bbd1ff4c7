import type { Duration, Instant } from '../domain/time.ts'

/**
 * Work that must survive a restart: done at least once, by one process at a time, with growing pauses between tries. At least once means that
 * a job whose process died, or whose end could not be written down, is done again; whoever does jobs makes a repetition harmless.
 */
export interface JobQueue {
  /**
   * Stores the job, sealed, and returns. False when the queue of this kind is full (bounded). `id` makes it idempotent: of all jobs of the
   * kind with the same `id`, added by any process within a day, one is done. `dueAt` in the future delays the first try. `after` is how long
   * this process lets what it is doing now come first: work that begins at once slows the very answer that must not tell of it (S32).
   */
  add(
    kind: string,
    payload: unknown,
    options?: { readonly id?: string; readonly dueAt?: Instant; readonly after?: Duration },
  ): Promise<boolean>
  /**
   * Registers who does jobs of a kind; a throw means "try again later", `'given-up'` that no further try can help. The text of the error is
   * logged: it must hold nothing secret or personal. Call before `start`.
   */
  handle<Payload>(
    kind: string,
    work: (payload: Payload) => Promise<'given-up' | undefined> | Promise<void>,
  ): void
}
