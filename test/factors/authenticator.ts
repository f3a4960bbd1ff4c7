/** An authenticator app, from RFC 4226 and RFC 6238 themselves and not from the library that the server checks with. */
import { createHmac } from 'node:crypto'

export interface Parameters {
  readonly algorithm?: string
  readonly digits?: number
  /** In seconds. */
  readonly period?: number
}

/** The code that an app with this base32 key shows at `now`, in milliseconds. */
export function codeOf(
  key: string,
  now: number,
  { algorithm = 'SHA-1', digits = 6, period = 30 }: Parameters = {},
): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 1000 / period)))
  const digest = createHmac(algorithm.replace('-', ''), bytesOf(key)).update(counter).digest()
  const at = (digest.at(-1) ?? 0) & 15
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 10 ** digits).padStart(digits, '0')
}

function bytesOf(key: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...key.toUpperCase()]
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)))
}
