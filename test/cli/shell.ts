/**
 * The command line for tests. The first command of each noun that a file gives is a process of its own, as in life; the others run in
 * this process, which takes a twentieth of the time.
 */
import { rm } from 'node:fs/promises'
import { expect, onTestFinished } from 'vitest'
import { main } from '../../src/main.ts'
import { runSignet, settings } from '../support/signet.ts'

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Shell {
  /** Runs it; fails the test unless it exits with 0. */
  (words: readonly string[], input?: string): Promise<string>
  /** With `--json`, parsed. */
  json<Data = Record<string, unknown>>(words: readonly string[], input?: string): Promise<Data>
  /** What it complains with; fails the test unless it exits with `code` and prints nothing else. */
  refused(code: 1 | 2, words: readonly string[], input?: string): Promise<string>
  /** Runs it, whatever comes of it; `env` is added to the settings. */
  outcome(words: readonly string[], input?: string, env?: Readonly<Record<string, string>>): Promise<Outcome>
}

/** A command line on `storage`, with a data folder of its own until the test ends. */
export async function shell(storage: string, more: Readonly<Record<string, string>> = {}): Promise<Shell> {
  const { env, folder } = await settings({ storage, env: { SIGNET_DEMO__ENABLED: 'false', ...more } })
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const outcome: Shell['outcome'] = (words, input, added) => execute(words, { ...env, ...added }, input)
  const run = async (words: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await outcome(words, input)
    expect(code, `${words.join(' ')}: ${stderr}`).toBe(0)
    return stdout
  }
  return Object.assign(run, {
    outcome,
    json: async (words: readonly string[], input?: string) =>
      JSON.parse(await run([...words, '--json'], input)),
    async refused(expected: 1 | 2, words: readonly string[], input?: string) {
      const { code, stdout, stderr } = await outcome(words, input)
      expect(code, `${words.join(' ')}: ${stderr}`).toBe(expected)
      expect(stdout).toBe('')
      expect(stderr).not.toMatch(/^\s+at |node:internal/m)
      expect(stderr.trim().length).toBeGreaterThan(10)
      return stderr
    },
  })
}

const seen = new Set<string>()

/** A server would stay: it is always a process of its own. */
function execute(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<Outcome> {
  const [noun = ''] = words
  const here = `${expect.getState().testPath} ${noun}`
  if (noun !== 'start' && seen.has(here)) return inThisProcess(words, env, input)
  seen.add(here)
  return runSignet(words, env, input)
}

async function inThisProcess(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const code = await main(words, {
    env: { ...process.env, ...env },
    terminal: {
      write(text) {
        stdout += text
      },
      warn(text) {
        stderr += `${text}\n`
      },
      readInput: async () => input.replace(/\r?\n$/, ''),
    },
  })
  return { code, stdout, stderr }
}
