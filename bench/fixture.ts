/** Who and what is there to be measured with, the same for both servers: made with Signet's own command line, then given to the other. */
import { spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { argon2id, hash } from 'argon2'

export interface BenchClient {
  readonly client_id: string
  readonly client_secret?: string
  readonly [metadata: string]: unknown
}

export interface Fixture {
  /** With a secret: signs people in, gets no refresh tokens. */
  readonly web: BenchClient
  /** With a secret: signs people in and refreshes. */
  readonly refreshing: BenchClient
  /** With a secret: client_credentials. */
  readonly machine: BenchClient
  /** With a key of its own: client_credentials. */
  readonly assertion: BenchClient
  readonly assertionKey: KeyObject
  readonly people: readonly string[]
  readonly password: string
  /** argon2id, 19 MiB in 2 passes, of everyone's password. */
  readonly passwordHash: string
}

export const callback = 'http://localhost:4999/callback'

/** APIs by how their tokens are made. */
export const resources = {
  es256: 'https://es256.bench.example',
  rs256: 'https://rs256.bench.example',
  opaque: 'https://opaque.bench.example',
} as const

const root = resolve(import.meta.dirname, '..')
const people = Array.from({ length: 1_000 }, (_, index) => `person-${index}@bench.example`)

/** Development settings with three APIs; answers the file. */
export function writeConfig(folder: string): string {
  const api = (format: string, alg?: string) => ({
    scopes: ['read'],
    access_token_format: format,
    ...(alg === undefined ? {} : { access_token_alg: alg }),
  })
  const config = {
    mode: 'development',
    host: 'localhost',
    inbox: true,
    log: { level: 'silent' },
    resources: {
      [resources.es256]: api('jwt', 'ES256'),
      [resources.rs256]: api('jwt', 'RS256'),
      [resources.opaque]: api('opaque'),
    },
  }
  const file = join(folder, 'bench.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  return file
}

/** Registers everything with Signet, in the store that `env` names. */
export async function createFixture(env: Record<string, string>): Promise<Fixture> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const password = 'correct horse battery staple'
  const passwordHash = await hash(password, {
    type: argon2id,
    memoryCost: 19_456,
    timeCost: 2,
    parallelism: 1,
  })
  const client = async (name: string, ...words: string[]) =>
    JSON.parse(await signet(env, ['client', 'create', '--name', name, '--json', ...words])) as BenchClient
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }
  const signsIn = ['--redirect-uri', callback, '--first-party', '--metadata']
  const machine = ['--machine', '--metadata']
  const post = { token_endpoint_auth_method: 'client_secret_post' }
  const lines = people.map((email) =>
    JSON.stringify({ email, email_verified: true, password_hash: passwordHash }),
  )
  await signet(env, ['identity', 'import', '--json'], lines.join('\n'))
  return {
    web: await client('Web', ...signsIn, JSON.stringify({ ...post, grant_types: ['authorization_code'] })),
    refreshing: await client(
      'Refreshing',
      ...signsIn,
      JSON.stringify({ ...post, grant_types: ['authorization_code', 'refresh_token'] }),
    ),
    machine: await client('Machine', ...machine, JSON.stringify(post)),
    assertion: await client(
      'Assertion',
      ...machine,
      JSON.stringify({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } }),
    ),
    assertionKey: privateKey,
    people,
    password,
    passwordHash,
  }
}

/** The same for the library alone, with signing keys, as a file for bare.ts. */
export function writeBareFixture(folder: string, fixture: Fixture): string {
  const { web, refreshing, machine, assertion, passwordHash } = fixture
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const keys = [
    { ...ec, alg: 'ES256', use: 'sig', kid: 'ec' },
    { ...rsa, alg: 'RS256', use: 'sig', kid: 'rsa' },
  ]
  const file = join(folder, 'bare.json')
  writeFileSync(file, JSON.stringify({ clients: [web, refreshing, machine, assertion], keys, passwordHash }))
  return file
}

async function signet(env: Record<string, string>, words: readonly string[], input = ''): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'bin/signet.js'), ...words], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(input)
  let output = ''
  for await (const chunk of child.stdout) output += chunk
  return output
}
