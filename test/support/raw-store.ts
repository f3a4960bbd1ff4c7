/** A store as a thief sees it: the bytes of its files, or every document of every collection; and the search for what must not be there. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BSON, MongoClient } from 'mongodb'

/** Everything that is stored, by where it is. SQLite: each file of its folder, WAL included. */
export async function rawStore(url: string): Promise<Map<string, Buffer>> {
  if (url.startsWith('sqlite:')) {
    const folder = dirname(url.slice('sqlite:'.length))
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
  }
  const client = new MongoClient(url)
  try {
    const database = client.db(new URL(url).pathname.slice(1))
    const found = new Map<string, Buffer>()
    for (const { name } of await database.listCollections().toArray()) {
      const documents = await database.collection(name).find().toArray()
      found.set(name, Buffer.concat(documents.map((document) => Buffer.from(BSON.serialize(document)))))
    }
    return found
  } finally {
    await client.close()
  }
}

/** Where each secret was found, as `<place>: <form>`; empty when nothing leaked. The secrets themselves are not named. */
export function leaks(places: ReadonlyMap<string, Buffer>, secrets: Iterable<string>): string[] {
  return [...new Set(secrets)].flatMap((secret, index) =>
    forms(secret).flatMap(([form, needle]) =>
      [...places]
        .filter(([, bytes]) => holds(bytes, needle, secret))
        .map(
          ([place, bytes]) =>
            `${place}: ${form} of secret ${index} (${describe(secret)}): ${around(bytes, needle)}`,
        ),
    ),
  )
}

/** As it is, in each encoding wherever it stands in what was encoded, and, where guessing is easy, as a bare hash. */
function forms(secret: string): (readonly [string, Buffer])[] {
  const bytes = Buffer.from(secret)
  const decoded = Buffer.from(secret, 'base64url')
  const isEncoded = secret.length >= 22 && decoded.toString('base64url') === secret
  const texts: (readonly [string, string])[] = [
    ['text', secret],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ...[0, 1, 2].flatMap((offset) => [
      ['base64', shifted(bytes, offset, 'base64')] as const,
      ['base64url', shifted(bytes, offset, 'base64url')] as const,
    ]),
    ...(secret.length < 22
      ? (['hex', 'base64', 'base64url'] as const).map(
          (encoding) =>
            [`bare hash, ${encoding}`, createHash('sha256').update(secret).digest(encoding)] as const,
        )
      : []),
  ]
  return [
    ...texts.map(([form, text]) => [form, Buffer.from(text)] as const),
    ...(isEncoded ? ([['bytes', decoded]] as const) : []),
  ]
}

/** The part of the encoding that does not depend on what stands before and after. */
function shifted(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, '')
  const start = offset === 0 ? 0 : offset + 1
  const rest = (bytes.length + offset) % 3
  return text.slice(start, rest === 0 ? undefined : -1)
}

/** Six digits stand in many a moment in milliseconds: a code counts only where it stands alone. */
function holds(bytes: Buffer, needle: Buffer, secret: string): boolean {
  const alone = /^\d+$/.test(secret) && needle.toString() === secret
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
    if (!alone || !(isDigit(bytes[at - 1]) || isDigit(bytes[at + needle.length]))) return true
  }
  return false
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

function describe(secret: string): string {
  return `${secret.slice(0, 4)}…, ${secret.length} characters`
}

function around(bytes: Buffer, needle: Buffer): string {
  const at = bytes.indexOf(needle)
  return bytes
    .subarray(Math.max(0, at - 60), at)
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '.')
}
