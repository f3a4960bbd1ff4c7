import { readFile, stat } from 'node:fs/promises'
import { type Duration, second } from '../domain/time.ts'
import type { Logger } from '../ports/logger.ts'

export interface WatchedFileOptions<Value> {
  readonly file: string
  /** The setting that names it, for what is said to people. */
  readonly setting: string
  /** Throws an Error whose message goes on after the file's name. */
  readonly parse: (content: Buffer) => Value
  readonly log: Logger
  /** How often its date and size are looked at. */
  readonly every?: Duration
}

/** What a file says, and says anew when somebody replaced it. */
export interface WatchedFile<Value> {
  /** Reads it and watches from then on. Throws an Error, made for people, when it is missing or cannot be understood. */
  open(): Promise<void>
  /** Undefined before `open`. Never of a file that could not be understood: then it stays what it was, and the log says why. */
  value(): Value | undefined
  close(): void
}

const usual: Duration = 10 * second

/** Looked at again and again, because what the system says about changes differs between file systems, and a rename is one. */
export function watchFile<Value>(options: WatchedFileOptions<Value>): WatchedFile<Value> {
  const { file, setting, parse, log, every = usual } = options
  let value: Value | undefined
  let seen = ''
  let timer: NodeJS.Timeout | undefined
  let busy = false
  let lastFault = ''

  async function read(): Promise<void> {
    // Taken before the content: what is written meanwhile differs next time.
    seen = await stateOf(file)
    value = parse(await readFile(file))
  }

  async function look(): Promise<void> {
    if (busy) return
    busy = true
    try {
      if ((await stateOf(file)) === seen) return
      await read()
      lastFault = ''
      log.info({ file, setting }, 'a file was replaced and read anew')
    } catch (error) {
      const fault = messageOf(error)
      if (fault !== lastFault) log.error({ file, setting, err: error }, 'a replaced file cannot be used')
      lastFault = fault
    } finally {
      busy = false
    }
  }

  return {
    async open() {
      try {
        await read()
      } catch (error) {
        throw new Error(`${setting}: ${file} ${messageOf(error)}`, { cause: error })
      }
      timer = setInterval(() => void look(), every)
      timer.unref()
    },
    value: () => value,
    close: () => clearInterval(timer),
  }
}

async function stateOf(file: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(file)
  return `${ino} ${size} ${mtimeMs}`
}

function messageOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== undefined) return `cannot be read (${code})`
  return error instanceof Error ? error.message : String(error)
}
