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

/** Fills in what follows from other settings, reads secret files, and makes development's master key on the first start. Throws `ConfigError`. */
export function complete(parsed: Parsed, cwd: string, where: (path: PropertyKey[]) => string): Completed {
  const data = resolve(cwd, parsed.data)
  const faults: Fault[] = []
  const clients = parsed.clients.map((client, at) =>
    withSecret(client, cwd, (text) => {
      const path = ['clients', at, 'secret_file']
      faults.push({ where: where(path), key: path.join('.'), text })
    }),
  )
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    ...parsed,
    data,
    clients,
    issuer: parsed.issuer ?? `http://localhost:${parsed.port}`,
    storage: storageUrl(parsed.storage, data, cwd),
    master_key: parsed.master_key ?? developmentKey(data, where(['data'])),
  }
}

function storageUrl(written: string | null, data: string, cwd: string): string {
  if (written === null) return `sqlite:${join(data, 'signet.db')}`
  if (!written.startsWith('sqlite:')) return written
  return `sqlite:${resolve(cwd, written.slice('sqlite:'.length))}`
}

function withSecret(
  { secret_file, ...client }: ParsedClient,
  cwd: string,
  refuse: (text: string) => void,
): ConfiguredClient {
  if (secret_file === undefined) return client
  try {
    const secret = readFileSync(resolve(cwd, secret_file), 'utf8').trim()
    if (secret.length >= shortestSecret) return { ...client, secret }
    refuse(
      `found a secret of ${secret.length} characters in ${secret_file}, expected at least ${shortestSecret}`,
    )
  } catch {
    refuse(
      `found ${JSON.stringify(secret_file)}, which cannot be read, expected a file with the client secret`,
    )
  }
  return client
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
