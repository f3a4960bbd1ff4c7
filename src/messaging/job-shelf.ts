/**
 * Where jobs lie between tries: one row each, ids chosen so that the rows of a kind come in the order in which they are due, on any engine.
 *   <kind>:<due>:<serial>        waits, or is leased by the process that does it
 *   dead:<kind>:<when>:<serial>  nobody tries it any more; kept for a while for whoever looks into it
 *   name:<mac>                   the serial that may be done under a given name
 */

import { type Duration, day, type Instant } from '../domain/time.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Collection } from '../ports/storage.ts'
import type { Job } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

export interface ShelfDeps {
  readonly store: Collection<Job>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
}

/** What is sealed in a job: a message holds codes and links. */
export interface Contents {
  readonly payload: unknown
  readonly name?: string
}

export type Shelf = ReturnType<typeof createShelf>

const purpose = 'jobs'
const pageSize = 16
const waitsAtMost: Duration = 30 * day
const deadKept: Duration = 7 * day
const nameKept: Duration = day

/** The verbs of the queue over the verbs of storage. Each may throw `Problem('storage-unavailable')`. */
export function createShelf({ store, vault, clock, random }: ShelfDeps) {
  const nameId = (kind: string, name: string) => `name:${vault.mac(purpose, `${kind}:${name}`)}`

  return {
    /** Lays a new job down. */
    async insert(kind: string, contents: Contents, dueAt: Instant): Promise<void> {
      const serial = random(12)
      const sealed = vault.seal(purpose, JSON.stringify(contents), contextOf(kind, serial))
      const id = waitingId(kind, dueAt, serial)
      await store.insert({
        id,
        kind,
        sealed,
        dueAt,
        tries: 0,
        leasedUntil: 0,
        expiresAt: dueAt + waitsAtMost,
      })
    },

    /** Throws when the row was altered or belongs to another root key. */
    open(job: Job): Contents {
      return JSON.parse(vault.open(purpose, job.sealed, contextOf(job.kind, serialOf(job)))) as Contents
    },

    /** Jobs that are due and that nobody holds, the longest due first. */
    async *due(kind: string): AsyncGenerator<Job> {
      let after: string | undefined
      do {
        const page = await store.page({ prefix: `${kind}:`, limit: pageSize, ...(after && { after }) })
        for (const job of page.items) {
          if (job.dueAt > clock()) return
          if (job.leasedUntil <= clock()) yield job
        }
        after = page.next
      } while (after !== undefined)
    },

    /** Takes the job for a while and counts the try: one of N racing processes gets it, the others get undefined. */
    async lease(job: Job, lease: Duration): Promise<Job | undefined> {
      const leased = { ...job, tries: job.tries + 1, leasedUntil: clock() + lease }
      return (await store.replace(leased)) ? { ...leased, version: job.version + 1 } : undefined
    },

    /** Holds a leased job for longer; undefined when the lease was lost to another process. */
    async renew(job: Job, lease: Duration): Promise<Job | undefined> {
      const renewed = { ...job, leasedUntil: clock() + lease }
      return (await store.replace(renewed)) ? { ...renewed, version: job.version + 1 } : undefined
    },

    /** Whether somebody already has, or had, the right to a name. */
    async isNameTaken(kind: string, name: string): Promise<boolean> {
      return (await store.get(nameId(kind, name))) !== undefined
    },

    /** True for the first job that asks for its name, in all its tries; false for every other one. */
    async takeName(job: Job, name: string): Promise<boolean> {
      const id = nameId(job.kind, name)
      const serial = serialOf(job)
      const draft = {
        id,
        kind: job.kind,
        dueAt: clock(),
        tries: 0,
        leasedUntil: 0,
        expiresAt: clock() + nameKept,
      }
      if (await store.insert({ ...draft, sealed: vault.seal(purpose, serial, id) })) return true
      const holder = await store.get(id)
      return holder === undefined || vault.open(purpose, holder.sealed, id) === serial
    },

    async done(job: Job): Promise<void> {
      await store.remove(job.id)
    },

    /** Lays the job down again further back. The new row comes first: a crash in between repeats the job, the other order would lose it. */
    async postpone(job: Job, dueAt: Instant): Promise<void> {
      const id = waitingId(job.kind, dueAt, serialOf(job))
      await store.insert({ ...draftOf(job), id, dueAt, leasedUntil: 0, expiresAt: dueAt + waitsAtMost })
      await store.remove(job.id)
    },

    /** Gives the job up; the row stays readable for a week. */
    async bury(job: Job): Promise<void> {
      const failedAt = clock()
      const id = `dead:${waitingId(job.kind, failedAt, serialOf(job))}`
      await store.insert({ ...draftOf(job), id, failedAt, leasedUntil: 0, expiresAt: failedAt + deadKept })
      await store.remove(job.id)
    },

    /** How many jobs of the kind wait or are being done, counted up to `atMost`. */
    async count(kind: string, atMost: number): Promise<number> {
      let counted = 0
      let after: string | undefined
      do {
        const page = await store.page({ prefix: `${kind}:`, limit: 1_000, ...(after && { after }) })
        counted += page.items.length
        after = page.next
      } while (after !== undefined && counted < atMost)
      return counted
    },
  }
}

/** The part of a job that stays the same over all its tries; safe to log. */
export function serialOf(job: Pick<Job, 'id'>): string {
  return job.id.slice(job.id.lastIndexOf(':') + 1)
}

function waitingId(kind: string, at: Instant, serial: string): string {
  return `${kind}:${String(at).padStart(15, '0')}:${serial}`
}

function contextOf(kind: string, serial: string): string {
  return `${kind}:${serial}`
}

function draftOf(job: Job): Omit<Job, 'version'> {
  const { version: _, ...draft } = job
  return draft
}
