// Owns the cryptography of what is stored: sealing (AES-256-GCM), keyed hashes (HMAC-SHA-256), digests and random values,
// all straight from node:crypto, under keys derived per purpose (HKDF-SHA-256, RFC 5869) from one root data key.
// Not here: where the root data key comes from (root-key.ts), passwords (hash-pool.ts), the keys that sign tokens (oidc/).
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto'
import type { Random } from '../ports/clock.ts'
import type { Digest, Vault } from '../ports/vault.ts'

const version = '1.'
const nonceBytes = 12
const tagBytes = 16
// Purposes may carry an identity's own key (audit), so there can be more of them than is good to remember.
const rememberedKeys = 1_000

/**
 * A vault over `rootKey` (32 random bytes). A sealed value is `1.` and base64url of nonce, ciphertext and tag.
 * Nonces are random (96 bits): one purpose may seal 2^32 values before its key should change (NIST SP 800-38D 8.3).
 */
export function createVault(rootKey: Uint8Array): Vault {
  if (rootKey.length < 32) throw new Error('The root key has fewer than 32 bytes.')
  const keyFor = rememberKeys(createSecretKey(rootKey))
  const nextNonce = drawNonces()
  return {
    seal(purpose, plaintext, context) {
      const nonce = nextNonce()
      const cipher = createCipheriv('aes-256-gcm', keyFor('seal', purpose), nonce)
      cipher.setAAD(associatedData(purpose, context))
      const parts = [nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return version + Buffer.concat(parts).toString('base64url')
    },
    open(purpose, sealed, context) {
      if (!sealed.startsWith(version)) throw new Error('The sealed value has an unknown version.')
      const bytes = Buffer.from(sealed.slice(version.length), 'base64url')
      if (bytes.length < nonceBytes + tagBytes) throw new Error('The sealed value is cut short.')
      const nonce = bytes.subarray(0, nonceBytes)
      const tagAt = bytes.length - tagBytes
      const decipher = createDecipheriv('aes-256-gcm', keyFor('seal', purpose), nonce, {
        authTagLength: tagBytes,
      })
      decipher.setAAD(associatedData(purpose, context)).setAuthTag(bytes.subarray(tagAt))
      return decipher.update(bytes.subarray(nonceBytes, tagAt), undefined, 'utf8') + decipher.final('utf8')
    },
    mac: (purpose, value) => createHmac('sha256', keyFor('mac', purpose)).update(value).digest('base64url'),
  }
}

/** SHA-256, base64url: only for values with at least 128 random bits. */
export const digest: Digest = (value) => hash('sha256', value, 'base64url')

/** `bytes` random bytes from the operating system, as base64url. */
export const random: Random = drawRandom()

/** Asking for some at a time costs ten times as much as taking them from what was asked for at once; nothing is kept of what was handed out. */
function drawRandom(): Random {
  const drawn = Buffer.alloc(4_096)
  let at = drawn.length
  return (bytes) => {
    if (bytes > 64) return randomBytes(bytes).toString('base64url')
    if (at + bytes > drawn.length) {
      randomFillSync(drawn)
      at = 0
    }
    const [from, to] = [at, at + bytes]
    const text = drawn.toString('base64url', from, to)
    drawn.fill(0, from, to)
    at = to
    return text
  }
}

// The length in front keeps ("a", "bc") and ("ab", "c") apart.
function associatedData(purpose: string, context: string): Buffer {
  return Buffer.from(`${purpose.length}:${purpose}:${context}`)
}

// Drawing them one by one costs half as much as the sealing itself.
function drawNonces(): () => Buffer {
  const drawn = Buffer.alloc(256 * nonceBytes)
  let at = drawn.length
  return () => {
    if (at === drawn.length) {
      randomFillSync(drawn)
      at = 0
    }
    at += nonceBytes
    return drawn.subarray(at - nonceBytes, at)
  }
}

function rememberKeys(root: KeyObject): (use: 'seal' | 'mac', purpose: string) => KeyObject {
  const known = new Map<string, KeyObject>()
  return (use, purpose) => {
    const info = `signet ${use} ${purpose}`
    const remembered = known.get(info)
    if (remembered) return remembered
    const derived = createSecretKey(Buffer.from(hkdfSync('sha256', root, '', info, 32)))
    if (known.size >= rememberedKeys) forgetOldest(known)
    known.set(info, derived)
    return derived
  }
}

function forgetOldest(known: Map<string, KeyObject>): void {
  const oldest = known.keys().next()
  if (!oldest.done) known.delete(oldest.value)
}
