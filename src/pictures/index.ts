// Owns what becomes of a picture that somebody sends: decoded, cut to a square, made small, written anew, so that nothing that stood in the file
// beside its pixels survives (where it was taken, by what, and whatever was hidden behind it). Where pictures are kept is identities/pictures.ts.
import { Worker } from 'node:worker_threads'
import { Problem } from '../domain/problem.ts'
import { type Duration, second } from '../domain/time.ts'
import type { Made, PictureMaker } from '../ports/picture-maker.ts'
import type { PictureTask } from './picture-worker.ts'
import { scansOf, sizeOf } from './size.ts'

export interface PictureLimits {
  /** Of the made square, in pixels. */
  readonly side: number
  /** Width times height of what is decoded: four bytes each, and as much again in the decoder. */
  readonly mostPixels: number
  /** Of one JPEG: each goes over all its pixels again, and may be a few bytes long. Cameras and programs write ten or twenty. */
  readonly mostScans: number
  /** Pictures that wait for the one that is decoded. */
  readonly mostWaiting: number
  /** For one picture; longer than a slow machine takes for the largest. */
  readonly patience: Duration
}

const limitsOfOurs: PictureLimits = {
  side: 512,
  mostPixels: 25_000_000,
  mostScans: 64,
  mostWaiting: 16,
  patience: 20 * second,
}

/** One picture at a time, each in a thread of its own: two of the largest at once would be a memory of half a gigabyte. */
export function createPictureMaker(change: Partial<PictureLimits> = {}): PictureMaker {
  const limits = { ...limitsOfOurs, ...change }
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  return async (type, bytes) => {
    const size = sizeOf(type, bytes)
    if (size === undefined || size.width * size.height < 1) return { status: 'refused', reason: 'unreadable' }
    if (size.width * size.height > limits.mostPixels) return { status: 'refused', reason: 'pixels' }
    if (type === 'image/jpeg' && scansOf(bytes) > limits.mostScans)
      return { status: 'refused', reason: 'unreadable' }
    if (waiting > limits.mostWaiting) throw new Problem('busy', { retryAfter: 5 })
    waiting += 1
    // A copy of its own: the thread takes it over.
    const task = { type, bytes: new Uint8Array(bytes).buffer, side: limits.side }
    const made = last.then(() => inThread(task, limits.patience))
    last = made
    try {
      return await made
    } finally {
      waiting -= 1
    }
  }
}

/** Never rejects: a thread that fails had a file that it could not read. */
async function inThread(task: PictureTask, patience: Duration): Promise<Made> {
  const worker = new Worker(new URL(`./picture-worker${extension()}`, import.meta.url), {
    workerData: task,
    transferList: [task.bytes],
    // No secret of the environment, and nothing that it prints.
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  })
  worker.unref()
  const bytes = await new Promise<ArrayBuffer | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), patience)
    timer.unref()
    worker.once('message', resolve)
    worker.once('error', () => resolve(undefined))
    worker.once('exit', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
  await worker.terminate()
  return bytes === undefined
    ? { status: 'refused', reason: 'unreadable' }
    : { status: 'made', bytes: new Uint8Array(bytes) }
}

// In a checkout this file is TypeScript, in a published package JavaScript; so is the one beside it.
function extension(): string {
  return import.meta.url.slice(import.meta.url.lastIndexOf('.'))
}
