import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../ports/clock.ts'

export type Personal = Readonly<Record<string, string>>

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** AES-256-GCM under `key`, bound to the entry's id so that a sealed value cannot be moved to another entry. */
export function sealPersonal(key: Uint8Array, personal: Personal, id: string, random: Random): string {
  const iv = Buffer.from(random(ivBytes), 'base64url')
  const cipher = createCipheriv(algorithm, key, iv).setAAD(Buffer.from(id))
  const text = Buffer.concat([cipher.update(JSON.stringify(personal), 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')
}

/** What `sealPersonal` sealed; undefined when it was altered, or sealed under a key that is no more. */
export function openPersonal(key: Uint8Array, sealed: string, id: string): Personal | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  const textStart = ivBytes + tagBytes
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes))
      .setAAD(Buffer.from(id))
      .setAuthTag(bytes.subarray(ivBytes, textStart))
    return JSON.parse(decipher.update(bytes.subarray(textStart), undefined, 'utf8') + decipher.final('utf8'))
  } catch {
    return undefined
  }
}
