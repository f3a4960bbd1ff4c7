/**
 * Decodes one picture and ends (pictures/index.ts starts a thread for each). The decoders are WebAssembly: what a crafted file might do to one of them
 * happens in a memory of its own, which is gone with the thread.
 */
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import decodeJpeg, { init as initJpeg } from '@jsquash/jpeg/decode.js'
import encodeJpeg, { init as initEncoder } from '@jsquash/jpeg/encode.js'
import decodePng, { init as initPng } from '@jsquash/png/decode.js'
import decodeWebp, { init as initWebp } from '@jsquash/webp/decode.js'
import type { PictureType } from '../ports/picture-maker.ts'
import { middleSquare, type Pixels } from './square.ts'

export interface PictureTask {
  readonly type: PictureType
  readonly bytes: ArrayBuffer
  readonly side: number
}

type Decode = (bytes: ArrayBuffer) => Promise<Pixels>

/** The decoders make what browsers call ImageData. */
class PlainPixels implements Pixels {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data
    this.width = width
    this.height = height
  }
}
Object.assign(globalThis, { ImageData: PlainPixels })

// What is wrong with somebody's file is no line of our log.
const silent = { print: () => {}, printErr: () => {} }

const decoders: Record<PictureType, () => Promise<Decode>> = {
  async 'image/jpeg'() {
    await initJpeg({ wasmBinary: binary('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'), ...silent })
    // The camera was held upright, or it was not: that goes into the pixels, its note is lost.
    return (bytes) => decodeJpeg(bytes, { preserveOrientation: true })
  },
  async 'image/png'() {
    await initPng(binary('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'))
    return (bytes) => decodePng(bytes)
  },
  async 'image/webp'() {
    await initWebp({ wasmBinary: binary('@jsquash/webp/codec/dec/webp_dec.wasm'), ...silent })
    return (bytes) => decodeWebp(bytes)
  },
}

/** Read here: left to themselves, the packages fetch it as in a browser. */
function binary(file: string): Buffer<ArrayBuffer> {
  return readFileSync(new URL(import.meta.resolve(file)))
}

async function work({ type, bytes, side }: PictureTask): Promise<ArrayBuffer> {
  const decode = await decoders[type]()
  const pixels = middleSquare(await decode(bytes), side)
  await initEncoder({ wasmBinary: binary('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'), ...silent })
  return encodeJpeg(pixels as never, { quality: 82 })
}

try {
  parentPort?.postMessage(await work(workerData as PictureTask))
} catch {
  // Not what it seemed to be; whoever waits needs no reason.
  parentPort?.postMessage(undefined)
}
