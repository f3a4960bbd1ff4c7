import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import { ConfigError, type Fault } from './faults.ts'
import { developmentKeyMark } from './rules.ts'
import type { schema } from './schema.ts'

type Parsed = z.output<typeof schema>
type ParsedClient = Parsed['clients'][number]

/** A client that the configuration declares; `secret` is what its file holds, absent for a public client. */
export type ConfiguredClient = Omit<ParsedClient, 'secret_file'> & { readonly secret?: string }

export type Completed = Omit<Parsed, 'issuer' | 'storage' | 'master_key' | 'clients'> & {
  readonly issuer: string
  readonly storage: string
  readonly master_key: string
  readonly clients: readonly ConfiguredClient[]
}

const shortestSecret = 32

/** Fills in what follows from other settings, takes in the secrets, and makes development's master key on the first start. Throws `ConfigError`. */
export function complete(parsed: Parsed, cwd: string, where: (path: PropertyKey[]) => string): Completed {
  const data = resolve(cwd, parsed.data)
  return {
    ...parsed,
    data,
    places: { database: fileAt(parsed.places.database, cwd) },
    signals: {
      ...parsed.signals,
      bad_address_range: {
        ...parsed.signals.bad_address_range,
        file: fileAt(parsed.signals.bad_address_range.file, cwd),
      },
    },
    clients: parsed.clients.map(({ secret_file, ...client }) =>
      secret_file === undefined ? client : { ...client, secret: secretIn(resolve(cwd, secret_file)) },
    ),
    issuer: parsed.issuer ?? `http://localhost:${parsed.port}`,
    storage: storageUrl(parsed.storage, data, cwd),
    master_key: parsed.master_key ?? developmentKey(data, where(['data'])),
  }
}

/** What is wrong with the secret files that `clients` as written names: read before anything else is known to be right, so that all faults come at once. */
export function faultySecrets(
  clients: unknown,
  cwd: string,
  where: (path: PropertyKey[]) => string,
): readonly Fault[] {
  const written: readonly unknown[] = Array.isArray(clients) ? clients : []
  return written.flatMap((client, at) => {
    const file: unknown = (client as { secret_file?: unknown } | null)?.secret_file
    const text = typeof file === 'string' ? faultOfSecret(file, cwd) : undefined
    const path = ['clients', at, 'secret_file']
    return text === undefined ? [] : [{ where: where(path), key: path.join('.'), text }]
  })
}

function faultOfSecret(file: string, cwd: string): string | undefined {
  try {
    const { length } = secretIn(resolve(cwd, file))
    if (length >= shortestSecret) return undefined
    return `found a secret of ${length} characters in ${file}, expected at least ${shortestSecret}`
  } catch {
    return `found ${JSON.stringify(file)}, which cannot be read, expected a file with the client secret`
  }
}

function secretIn(file: string): string {
  return readFileSync(file, 'utf8').trim()
}

function fileAt(written: string | null, cwd: string): string | null {
  return written === null ? null : resolve(cwd, written)
}

function storageUrl(written: string | null, data: string, cwd: string): string {
  if (written === null) return `sqlite:${join(data, 'signet.db')}`
  if (!written.startsWith('sqlite:')) return written
  return `sqlite:${resolve(cwd, written.slice('sqlite:'.length))}`
}

/** Made once, readable by its owner only. Of two processes that start at once, the first to link its file wins and both read that one. */
function developmentKey(data: string, where: string): string {
  const file = join(data, 'master.key')
  const draft = join(data, `master.key.${process.pid}.${randomBytes(4).toString('hex')}`)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    // Not there yet.
  }
  try {
    makeFolder(data)
    writeFileSync(draft, `${developmentKeyMark}${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
    try {
      linkSync(draft, file)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    } finally {
      rmSync(draft)
    }
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error'
    throw new ConfigError([
      { where, key: 'data', text: `found ${JSON.stringify(data)}, which cannot be written (${code})` },
    ])
  }
}

// Not with `recursive`: that never ends where folders cannot be made at all, such as in /proc.
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}
