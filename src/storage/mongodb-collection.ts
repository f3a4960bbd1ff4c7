import { setTimeout as pause } from 'node:timers/promises'
import type { Collection as Documents, Filter } from 'mongodb'
import { Problem } from '../domain/problem.ts'
import type { Duration } from '../domain/time.ts'
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
  const living = (): Filter<Stored> => ({
    $or: [{ expiresAt: { $exists: false } }, { expiresAt: { $gt: new Date(clock()) } }],
  })
  const equals = (index: string, value: string): Filter<Stored> => ({
    [`entity.${checkIndex(name, shape, index)}`]: { $eq: checkKey(value) },
  })

  return {
    async insert(draft) {
      checkKey(draft.id)
      const document = { ...toStored(draft), version: 1 }
      // Once more when the expired one that was in the way has been swept in between.
      for (let tries = 0; tries < 3; tries++) {
        if (await answered(() => insertNew(documents, document))) return true
        if (await answered(() => insertOver(documents, document, clock()))) return true
        if (await answered(() => documents.countDocuments({ _id: draft.id, ...living() }))) return false
      }
      return false
    },
    async get(id) {
      checkKey(id)
      const stored = await answered(() => documents.findOne({ _id: id, ...living() }))
      return stored === null ? undefined : fromStored<E>(stored)
    },
    async findBy(index, value) {
      const filter = { ...equals(index, value), ...living() }
      const found = await answered(() => documents.find(filter).sort({ _id: 1 }).limit(most).toArray())
      return found.map((stored) => fromStored<E>(stored))
    },
    async page(query) {
      checkPage(name, shape, query)
      const filter = { ...pageFilter(query, equals), ...living() }
      const order = { _id: query.descending ? -1 : 1 } as const
      const found = await answered(() =>
        documents
          .find(filter)
          .sort(order)
          .limit(query.limit + 1)
          .toArray(),
      )
      return pageOf(
        found.map((stored) => fromStored<E>(stored)),
        query.limit,
      )
    },
    async put(draft) {
      checkKey(draft.id)
      await answered(() => overwrite(documents, draft))
    },
    async replace(entity) {
      checkKey(entity.id)
      const filter = { _id: entity.id, version: { $eq: entity.version }, ...living() }
      const document = { ...toStored(entity), version: entity.version + 1 }
      return answered(async () => (await documents.replaceOne(filter, document)).matchedCount === 1)
    },
    async take(id) {
      checkKey(id)
      const stored = await answered(() => documents.findOneAndDelete({ _id: id, ...living() }))
      return stored === null ? undefined : fromStored<E>(stored)
    },
    async remove(id) {
      checkKey(id)
      const stored = await answered(() =>
        documents.findOneAndDelete({ _id: id }, { projection: { expiresAt: 1 } }),
      )
      return stored !== null && (stored.expiresAt === undefined || stored.expiresAt.getTime() > clock())
    },
    async removeBy(index, value) {
      const matching = equals(index, value)
      const { deletedCount } = await answered(() => documents.deleteMany({ ...matching, ...living() }))
      // The expired go as well, uncounted: whoever removes by owner means everything.
      await answered(() => documents.deleteMany({ ...matching, expiresAt: { $lte: new Date(clock()) } }))
      return deletedCount
    },
    async sweep(now, batch) {
      const expired = { expiresAt: { $lte: new Date(now) } }
      const found = await answered(() =>
        documents
          .find(expired, { projection: { _id: 1 } })
          .limit(batch)
          .toArray(),
      )
      if (found.length === 0) return 0
      const filter = { _id: { $in: found.map((stored) => stored._id) }, ...expired }
      return (await answered(() => documents.deleteMany(filter))).deletedCount
    },
    async count() {
      return answered(() => documents.countDocuments(living()))
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

/** Takes the place of an expired document: the first to do so changes the expiry that all others look for. */
async function insertOver(documents: Documents<Stored>, document: Stored, now: number): Promise<boolean> {
  const expired = { _id: document._id, expiresAt: { $lte: new Date(now) } }
  return (await documents.replaceOne(expired, document)).matchedCount === 1
}

async function overwrite(documents: Documents<Stored>, draft: Draft<Entity>): Promise<void> {
  const { _id, entity, expiresAt } = toStored(draft)
  const change = {
    $set: expiresAt === undefined ? { entity } : { entity, expiresAt },
    ...(expiresAt === undefined ? { $unset: { expiresAt: '' as const } } : {}),
    $inc: { version: 1 },
  }
  try {
    await documents.updateOne({ _id }, change, { upsert: true })
  } catch (error) {
    if (!isTaken(error)) throw error
    await documents.updateOne({ _id }, change, { upsert: true })
  }
}

function pageFilter(query: PageQuery, equals: (index: string, value: string) => Filter<Stored>) {
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
  const range = Object.keys(id).length > 0 ? { _id: id } : {}
  return query.where ? { ...range, ...equals(query.where.index, query.where.value) } : range
}
