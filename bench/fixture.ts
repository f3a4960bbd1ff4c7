/** Who and what is there to be measured with, the same for both servers: made with Signet's own command line, then given to the other. */
import { spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { verifyRegistrationResponse } from '@simplewebauthn/server'
import { argon2id, hash } from 'argon2'
import { addKeys, type KeyHolder, madeFor } from './credentials.ts'

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
  /** With an authenticator app beside the password; all with the same key. */
  readonly guarded: readonly string[]
  readonly totpSecret: string
  /** With a passkey, and nothing else or nine further ways. */
  readonly keys: { readonly one: readonly KeyHolder[]; readonly ten: readonly KeyHolder[] }
}

export const callback = 'http://localhost:4999/callback'

/** APIs by how their tokens are made. */
export const resources = {
  es256: 'https://es256.bench.example',
  rs256: 'https://rs256.bench.example',
  opaque: 'https://opaque.bench.example',
} as const

const root = resolve(import.meta.dirname, '..')
const named = (name: string, length: number) =>
  Array.from({ length }, (_, index) => `${name}-${index}@bench.example`)
const people = named('person', 1_000)
// A code of an app counts once, and its time is half a minute: nobody comes again sooner.
const guarded = named('guarded', 4_000)
const holders = { one: named('key', 200), ten: named('ten', 200) }
// Base32, 160 bits.
const totpSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

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
    demo: { enabled: false },
    // Offered to everybody, as the code by mail is.
    factors: { sms_code: { first: true } },
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
  const line = (email: string, more: object) =>
    JSON.stringify({ email, email_verified: true, password_hash: passwordHash, ...more })
  const phone = (index: number) => ({
    phone_number: `+4915100${String(index).padStart(5, '0')}`,
    phone_number_verified: true,
  })
  const lines = [
    ...people.map((email, index) => line(email, phone(index))),
    ...[...guarded, ...holders.ten].map((email) => line(email, { totp_secret: totpSecret })),
    ...holders.one.map((email) => line(email, {})),
  ]
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
    guarded,
    totpSecret,
    keys: await addKeys(env, holders),
  }
}

/** The same for the library alone, with signing keys, as a file for bare.ts. */
export async function writeBareFixture(folder: string, fixture: Fixture): Promise<string> {
  const { web, refreshing, machine, assertion, passwordHash, totpSecret } = fixture
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const keys = [
    { ...ec, alg: 'ES256', use: 'sig', kid: 'ec' },
    { ...rsa, alg: 'RS256', use: 'sig', kid: 'rsa' },
  ]
  const file = join(folder, 'bare.json')
  const clients = [web, refreshing, machine, assertion]
  const passkeys = await Promise.all(fixture.keys.one.map(publicPart))
  writeFileSync(file, JSON.stringify({ clients, keys, passwordHash, totpSecret, passkeys }))
  return file
}

/** What a server keeps of a passkey. */
async function publicPart({ person, made }: KeyHolder) {
  const { registrationInfo } = await verifyRegistrationResponse({
    response: JSON.parse(made),
    expectedChallenge: madeFor.challenge,
    expectedOrigin: madeFor.origin,
    expectedRPID: madeFor.host,
  })
  const { id = '', publicKey = new Uint8Array() } = registrationInfo?.credential ?? {}
  return { id, person, publicKey: Buffer.from(publicKey).toString('base64url') }
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
