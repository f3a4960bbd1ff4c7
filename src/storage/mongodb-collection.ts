import { setTimeout as pause } from 'node:timers/promises'
import type { Collection as Documents, Filter } from 'mongodb'
import { Problem } from '../domain/problem.ts'
import type { Duration, Instant } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Collection, Draft, Entity, PageQuery } from '../ports/storage.ts'
import { checkIndex, checkKey, checkPage, endOfPrefix, most, pageOf } from './checks.ts'
import type { Shape } from './collections.ts'
import { fromStored, type Stored, toStored } from './mongodb-codec.ts'
import { patience, unavailable } from './unavailable.ts'

/**
 * The verbs on one MongoDB collection. What is raced is an `_id`, or a document found by `_id` and version; the winner is told by counts or null.
 * Whatever fails half-way throws, and counts as made: the caller must take the thing for spent.
 */
export function createMongodbCollection<E extends Entity>(
  documents: Documents<Stored>,
  clock: Clock,
  name: string,
  shape: Shape,
): Collection<E> {
  const filters: Filters = {
    living: () => ({
      $or: [{ expiresAt: { $exists: false } }, { expiresAt: { $gt: new Date(clock()) } }],
    }),
    expired: (now = clock()) => ({ expiresAt: { $lte: new Date(now) } }),
    equals: (index, value) => ({
      [`entity.${checkIndex(name, shape, index)}`]: { $eq: checkKey(value) },
    }),
    page(query) {
      checkPage(name, shape, query)
      const { where } = query
      return { ...idRange(query), ...(where ? filters.equals(where.index, where.value) : {}) }
    },
  }
  return {
    ...readingVerbs<E>(documents, filters),
    ...writingVerbs<E>(documents, filters),
    ...deletingVerbs<E>(documents, filters, clock),
  }
}

interface Filters {
  living(): Filter<Stored>
  expired(now?: Instant): Filter<Stored>
  equals(index: string, value: string): Filter<Stored>
  page(query: PageQuery): Filter<Stored>
}

function readingVerbs<E extends Entity>(
  documents: Documents<Stored>,
  { living, equals, page }: Filters,
): Pick<Collection<E>, 'get' | 'findBy' | 'page' | 'count'> {
  async function find(filter: Filter<Stored>, direction: 1 | -1, limit: number): Promise<E[]> {
    const cursor = () => documents.find({ ...filter, ...living() }).sort({ _id: direction })
    const found = await answered(() => cursor().limit(limit).toArray())
    return found.map((stored) => fromStored<E>(stored))
  }
  return {
    async get(id) {
      checkKey(id)
      const stored = await answered(() => documents.findOne({ _id: id, ...living() }))
      return stored === null ? undefined : fromStored<E>(stored)
    },
    async findBy(index, value) {
      return find(equals(index, value), 1, most)
    },
    async page(query) {
      const found = await find(page(query), query.descending ? -1 : 1, query.limit + 1)
      return pageOf(found, query.limit)
    },
    async count() {
      return answered(() => documents.countDocuments(living()))
    },
  }
}

function writingVerbs<E extends Entity>(
  documents: Documents<Stored>,
  { living, expired }: Filters,
): Pick<Collection<E>, 'insert' | 'put' | 'replace'> {
  async function overwriteIf(filter: Filter<Stored>, document: Stored): Promise<boolean> {
    const { matchedCount } = await answered(() => documents.replaceOne(filter, document))
    return matchedCount === 1
  }
  return {
    async insert(draft) {
      const _id = checkKey(draft.id)
      const document = { version: 1, ...toStored(draft) }
      // Again when the expired one that was in the way has been swept in between.
      for (let tries = 0; tries < 3; tries++) {
        if (await answered(() => insertNew(documents, document))) return true
        // The first to take an expired one's place changes the expiry that all others look for.
        if (await overwriteIf({ _id, ...expired() }, document)) return true
        if (await answered(() => documents.countDocuments({ _id, ...living() }))) return false
      }
      return false
    },
    async put(draft) {
      checkKey(draft.id)
      await answered(() => overwrite(documents, draft))
    },
    async replace(entity) {
      const filter = { _id: checkKey(entity.id), version: { $eq: entity.version }, ...living() }
      // The version stands first where it is inserted and last where it is replaced: a server that lets a reader in while it writes field by
      // field (MongoDB does not) hands out the old version with either content, with which nobody wins, and never the new one with the old.
      return overwriteIf(filter, { ...toStored(entity), version: entity.version + 1 })
    },
  }
}

function deletingVerbs<E extends Entity>(
  documents: Documents<Stored>,
  { living, expired, equals }: Filters,
  clock: Clock,
): Pick<Collection<E>, 'take' | 'remove' | 'removeBy' | 'sweep'> {
  async function deleteAll(filter: Filter<Stored>): Promise<number> {
    return (await answered(() => documents.deleteMany(filter))).deletedCount
  }
  return {
    async take(id) {
      checkKey(id)
      const stored = await answered(() => documents.findOneAndDelete({ _id: id, ...living() }))
      return stored === null ? undefined : fromStored<E>(stored)
    },
    async remove(id) {
      checkKey(id)
      const projection = { expiresAt: 1 }
      const stored = await answered(() => documents.findOneAndDelete({ _id: id }, { projection }))
      return stored !== null && (stored.expiresAt === undefined || stored.expiresAt.getTime() > clock())
    },
    async removeBy(index, value) {
      const matching = equals(index, value)
      const removed = await deleteAll({ ...matching, ...living() })
      // The expired go as well, uncounted: whoever removes by owner means everything.
      await deleteAll({ ...matching, ...expired() })
      return removed
    },
    async sweep(now, batch) {
      const some = () => documents.find(expired(now), { projection: { _id: 1 } }).limit(batch)
      const found = await answered(() => some().toArray())
      if (found.length === 0) return 0
      return deleteAll({ _id: { $in: found.map((stored) => stored._id) }, ...expired(now) })
    },
  }
}

/**
 * Runs an operation; whatever the server or the driver throws, and no answer within `limit` ms, becomes `Problem('storage-unavailable')`.
 * The driver has time-outs for each of its steps, none for all of them together.
 */
export async function answered<T>(operation: () => Promise<T>, limit: Duration = patience): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from MongoDB within ${limit} ms`)), limit)
  })
  try {
    return await Promise.race([sent(operation, performance.now() + limit), late])
  } catch (error) {
    throw error instanceof Problem ? error : unavailable(error)
  } finally {
    clearTimeout(timer)
  }
}

/** While connections are being replaced, an operation is refused before it was sent, so that it may be tried again without harm. */
async function sent<T>(operation: () => Promise<T>, end: number): Promise<T> {
  for (;;) {
    try {
      return await operation()
    } catch (error) {
      // By its exact name: what is derived from it was perhaps sent.
      const unsent = (error as { name?: string } | undefined)?.name === 'MongoPoolClearedError'
      if (!unsent || performance.now() > end) throw error
      await pause(20 + Math.random() * 50)
    }
  }
}

/** True when MongoDB says that the `_id` is taken. */
export function isTaken(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 11000
}

async function insertNew(documents: Documents<Stored>, document: Stored): Promise<boolean> {
  try {
    await documents.insertOne(document)
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

async function overwrite(documents: Documents<Stored>, draft: Draft<Entity>): Promise<void> {
  const { _id, entity, expiresAt } = toStored(draft)
  const change = {
    $inc: { version: 1 },
    $set: expiresAt === undefined ? { entity } : { entity, expiresAt },
    ...(expiresAt === undefined ? { $unset: { expiresAt: '' as const } } : {}),
  }
  try {
    await documents.updateOne({ _id }, change, { upsert: true })
  } catch (error) {
    if (!isTaken(error)) throw error
    await documents.updateOne({ _id }, change, { upsert: true })
  }
}

/** The ids of a page. */
function idRange(query: PageQuery): Filter<Stored> {
  const id: Record<string, string> = {}
  if (query.prefix !== undefined) {
    id.$gte = query.prefix
    const end = endOfPrefix(query.prefix)
    if (end !== undefined) id.$lt = end
  }
  if (query.after !== undefined) {
    // A cursor lies within the prefix, so that it takes the place of that bound.
    if (query.descending) id.$lt = query.after
    else {
      delete id.$gte
      id.$gt = query.after
    }
  }
  return Object.keys(id).length > 0 ? { _id: id } : {}
}
