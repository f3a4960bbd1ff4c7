import type { z } from 'zod'
import { keysAt, secretKeys } from './schema.ts'
import { environmentName, type Layer, type Path, valueAt } from './sources.ts'

/** One thing that is wrong: where it was written, which key, and what is wrong with it. */
export interface Fault {
  readonly where: string
  readonly key: string
  readonly text: string
}

/** The configuration cannot be used; `message` lists every fault, one a line, and is made for people. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(describe(faults))
    this.faults = faults
  }
}

function describe(faults: readonly Fault[]): string {
  const inOrder = faults.toSorted((one, other) =>
    one.where.localeCompare(other.where, 'en', { numeric: true }),
  )
  const lines = inOrder.map(({ where, key, text }) => `${where}: ${key ? `${key}: ` : ''}${text}`)
  if (lines.length === 1) return `The configuration cannot be used. ${lines[0]}`
  return `The configuration cannot be used, ${lines.length} things are wrong:\n${lines.map((line) => `  ${line}`).join('\n')}`
}

/** What the schema refused, with where each value came from. The last layer is the strongest. */
export function faultsOf(error: z.ZodError, layers: readonly Layer[]): Fault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...issue.path, key], layers))
    }
    if (issue.code === 'invalid_key') return [wrongKey(issue.path, issue.issues[0]?.message ?? '', layers)]
    return [wrongValue(issue.path, issue.message, layers)]
  })
}

/** A fault of the value at `path`. */
export function wrongValue(path: Path, expected: string, layers: readonly Layer[]): Fault {
  const layer = sourceOf(path, layers)
  const key = path.join('.')
  const found = layer && valueAt(layer.values, path)
  // What only the defaults say is to be changed in the file that was chosen.
  const chosen = layers.findLast(({ kind }) => kind === 'file')
  const where = layer === layers[0] ? chosen?.where([]) : layer?.where(path)
  return { where: where ?? '', key, text: `found ${shown(key, found)}, expected ${expected}` }
}

function wrongKey(path: Path, expected: string, layers: readonly Layer[]): Fault {
  const { where, key } = wrongValue(path, expected, layers)
  return { where, key, text: `found the name ${JSON.stringify(path.at(-1))}, expected ${expected}` }
}

function unknownKey(path: Path, layers: readonly Layer[]): Fault {
  const layer = sourceOf(path, layers)
  const fault = { where: layer?.where(path) ?? '', key: path.join('.') }
  const isVariable = layer?.kind === 'environment'
  const known = isVariable ? allKeys().map(environmentName) : keysAt(path.slice(0, -1))
  const written = isVariable ? environmentName(path) : String(path.at(-1))
  const meant = nearest(written, known)
  const hint = meant ? `did you mean ${meant}?` : `expected one of ${known.toSorted().join(', ')}`
  return {
    ...fault,
    text: isVariable && !meant ? 'there is no such setting' : `there is no such setting, ${hint}`,
  }
}

/** The strongest layer that says anything at `path`, or else about the nearest key above it. */
function sourceOf(path: Path, layers: readonly Layer[]): Layer | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const part = path.slice(0, length)
    const layer = layers.findLast(({ values }) => valueAt(values, part) !== undefined)
    if (layer) return layer
  }
  return undefined
}

function shown(key: string, value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (isSecret(key)) return `a value of ${String(value).length} characters`
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…"` : text
}

function isSecret(key: string): boolean {
  return secretKeys.some((secret) => key === secret || key.startsWith(`${secret}.`))
}

function allKeys(path: Path = []): Path[] {
  return keysAt(path).flatMap((key) => [[...path, key], ...allKeys([...path, key])])
}

/** The known word that goes on as `written` does, or the one with the fewest changed letters, if they are few. */
function nearest(written: string, known: readonly string[]): string | undefined {
  const longer = known.filter(
    (word) => written.length > 2 && simplified(word).startsWith(simplified(written)),
  )
  if (longer.length === 1) return longer[0]
  const ranked = known.map((word) => ({ word, distance: distance(simplified(written), simplified(word)) }))
  const best = ranked.sort((one, other) => one.distance - other.distance)[0]
  return best && best.distance <= Math.max(1, written.length / 3) ? best.word : undefined
}

// SIGNET_LOG_LEVEL is meant as SIGNET_LOG__LEVEL, redirectUris as redirect_uris.
function simplified(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '')
}

/** Levenshtein distance. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1]
    for (const [column, otherLetter] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (letter === otherLetter ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
