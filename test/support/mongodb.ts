/**
 * A MongoDB for the tests. As vitest's global set-up it fetches a real one where none is given and the network allows;
 * the tests then find it under the same variable.
 */
import type { MongoMemoryReplSet } from 'mongodb-memory-server-core'

const variable = 'MONGODB_URL'
let server: MongoMemoryReplSet | undefined

/** Where the tests find a MongoDB; undefined when there is none. */
export function mongodbUrl(): string | undefined {
  return process.env[variable]
}

export async function setup(): Promise<void> {
  if (mongodbUrl() !== undefined) return
  // The library prints two stack traces; the sentence below says as much.
  const { warn, error: print } = console
  console.warn = console.error = () => undefined
  try {
    const { MongoMemoryReplSet } = await import('mongodb-memory-server-core')
    const started = await withTimeout(MongoMemoryReplSet.create({ replSet: { count: 1 } }), 120_000)
    server = started
    process.env[variable] = started.getUri()
  } catch (error) {
    warn(`No MongoDB could be fetched (${(error as Error).message.split('\n')[0]}): set ${variable}.`)
  } finally {
    console.warn = warn
    console.error = print
  }
}

export async function teardown(): Promise<void> {
  await server?.stop()
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
