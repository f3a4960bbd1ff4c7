/** Pictures for tests, written here byte by byte: of plain fields of colour, so that where what ended up can be told. */
import { readFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'
import decodeJpeg, { init as initDecoder } from '@jsquash/jpeg/decode.js'
import encodeJpeg, { init as initJpeg } from '@jsquash/jpeg/encode.js'
import encodeWebp, { init as initWebp } from '@jsquash/webp/encode.js'

export type Colour = readonly [number, number, number, number]
export type Paint = (x: number, y: number) => Colour

export const red: Colour = [220, 20, 20, 255]
export const green: Colour = [20, 200, 20, 255]
export const blue: Colour = [20, 20, 220, 255]
export const clear: Colour = [0, 0, 0, 0]

function pixels(width: number, height: number, paint: Paint) {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) data.set(paint(x, y), 4 * (y * width + x))
  return { data, width, height }
}

function chunk(name: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}

/** `claims`: what the head says instead of the truth. `text`: stands in a comment. */
export function png(
  width: number,
  height: number,
  paint: Paint,
  { claims = [width, height], text = '' }: { claims?: readonly [number, number]; text?: string } = {},
): Buffer {
  const data = Buffer.from(pixels(width, height, paint).data.buffer)
  const head = Buffer.alloc(13)
  head.writeUInt32BE(claims[0], 0)
  head.writeUInt32BE(claims[1], 4)
  head.set([8, 6, 0, 0, 0], 8)
  const row = (y: number) => Buffer.concat([Buffer.of(0), data.subarray(4 * y * width, 4 * (y + 1) * width)])
  const rows = Buffer.concat(Array.from({ length: height }, (_, y) => row(y)))
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    ...(text === '' ? [] : [chunk('tEXt', Buffer.from(`Comment\0${text}`, 'latin1'))]),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const wasm = (file: string) => ({ wasmBinary: readFileSync(new URL(import.meta.resolve(file))) })

/** `exif`: put into an APP1 segment behind its head. */
export async function jpeg(width: number, height: number, paint: Paint, exif?: Buffer): Promise<Buffer> {
  await initJpeg(wasm('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'))
  const made = Buffer.from(await encodeJpeg(pixels(width, height, paint) as never, { quality: 90 }))
  if (exif === undefined) return made
  const head = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif])
  const length = Buffer.alloc(2)
  length.writeUInt16BE(head.length + 2)
  return Buffer.concat([made.subarray(0, 2), Buffer.from('ffe1', 'hex'), length, head, made.subarray(2)])
}

/** A camera's note: how it was held (1 to 8), and a text as a place would stand there. */
export function exif(orientation: number, text: string): Buffer {
  const entry = Buffer.from('4d4d002a000000080001011200030000000100000000000000000000', 'hex')
  entry.writeUInt16BE(orientation, 18)
  return Buffer.concat([entry, Buffer.from(text, 'latin1')])
}

export async function webp(width: number, height: number, paint: Paint): Promise<Buffer> {
  await initWebp(wasm('@jsquash/webp/codec/enc/webp_enc.wasm'))
  return Buffer.from(await encodeWebp(pixels(width, height, paint) as never, { lossless: 1 }))
}

/** What a JPEG shows: its size, and the colour at a place given in parts of its sides, each part in 256ths. */
export async function look(bytes: Uint8Array) {
  Object.assign(globalThis, {
    ImageData: function ImageData(this: object, data: Uint8ClampedArray, width: number, height: number) {
      Object.assign(this, { data, width, height })
    },
  })
  await initDecoder(wasm('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'))
  const { data, width, height } = await decodeJpeg(new Uint8Array(bytes).buffer)
  const at = (x: number, y: number): Colour => {
    const start = 4 * (Math.floor(y * height) * width + Math.floor(x * width))
    return [data[start] ?? 0, data[start + 1] ?? 0, data[start + 2] ?? 0, data[start + 3] ?? 0]
  }
  return { width, height, at }
}

/** Near enough for a lossy format. */
export function isNear(one: Colour, other: Colour): boolean {
  return one.every((value, index) => Math.abs(value - (other[index] ?? 0)) < 25)
}
