import type { PictureType } from '../ports/picture-maker.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** What the head of a file says it will be once decoded, read without decoding anything; undefined when it says nothing. */
export function sizeOf(type: PictureType, bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return readers[type](view)
  } catch {
    // Shorter than its own head.
    return undefined
  }
}

const readers: Record<PictureType, (view: DataView) => Size | undefined> = {
  'image/png': pngSize,
  'image/jpeg': jpegSize,
  'image/webp': webpSize,
}

/** PNG 11.2.1: IHDR is the first chunk. */
function pngSize(view: DataView): Size | undefined {
  return tag(view, 12) === 'IHDR' ? { width: view.getUint32(16), height: view.getUint32(20) } : undefined
}

/** ITU-T T.81 B.2.2: the frame header, which stands behind segments of stated length. */
function jpegSize(view: DataView): Size | undefined {
  let at = 2
  for (;;) {
    // Between segments there may be fill bytes, and readers skip whatever else is there.
    while (view.getUint8(at) !== 0xff) at += 1
    while (view.getUint8(at) === 0xff) at += 1
    const marker = view.getUint8(at)
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { height: view.getUint16(at + 4), width: view.getUint16(at + 6) }
    const standsAlone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)
    if (marker === 0xda || marker === 0xd9) return undefined
    at += standsAlone ? 1 : 1 + view.getUint16(at + 1)
  }
}

const startOfScan = Buffer.from('ffda', 'hex')

/** How many scans a JPEG has at most: the marker stands nowhere in what they hold (T.81 B.1.1.5), but perhaps in a small picture within its head. */
export function scansOf(bytes: Uint8Array): number {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let count = 0
  for (let at = all.indexOf(startOfScan); at >= 0; at = all.indexOf(startOfScan, at + 2)) count += 1
  return count
}

/** RFC 9649: the extended, the lossless and the lossy form. */
function webpSize(view: DataView): Size | undefined {
  const form = tag(view, 12)
  if (form === 'VP8X') return { width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) }
  if (form === 'VP8 ') {
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
  }
  if (form !== 'VP8L') return undefined
  const bits = view.getUint32(21, true)
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)))
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) + (view.getUint8(at + 2) << 16)
}
