import { readFileSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parse, parseDocument } from 'yaml'

export type Path = readonly PropertyKey[]
export type Tree = { readonly [key: string]: unknown }

/** One source of settings. Stronger layers override weaker ones key by key; lists are replaced as a whole. */
export interface Layer {
  readonly kind: 'file' | 'environment'
  readonly values: Tree
  /** Where the value at `path` is written: file and line, or the name of the variable. */
  where(path: Path): string
}

/** The value at `path`; undefined when nothing is said there. */
export function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (isTree(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined),
    tree,
  )
}

/** The settings of all layers in one tree, the last layer winning. */
export function merge(layers: readonly Layer[]): Tree {
  return layers.map(({ values }) => values).reduce(mergeTrees, {})
}

function mergeTrees(weak: Tree, strong: Tree): Tree {
  const merged = Object.entries(strong).map(([key, value]) => {
    const below = Object.hasOwn(weak, key) ? weak[key] : undefined
    return [key, isTree(below) && isTree(value) ? mergeTrees(below, value) : value]
  })
  return { ...weak, ...Object.fromEntries(merged) }
}

/** A YAML file. Throws an Error with one sentence when it cannot be read or is no YAML map. */
export function fileLayer(file: string, cwd: string): Layer & { readonly document: Document } {
  const name = displayName(file, cwd)
  const lines = new LineCounter()
  const document = parseDocument(readText(file), { lineCounter: lines })
  const [broken] = document.errors
  if (broken) throw new Error(`no valid YAML, ${summaryOf(broken.message)}`)
  const values = document.toJS() ?? {}
  if (!isTree(values)) throw new Error('expected settings, each as "key: value"')
  const where = (path: Path) => {
    const offset = offsetOf(document, path)
    return offset === undefined ? name : `${name}:${lines.linePos(offset).line}`
  }
  return { kind: 'file', values, where, document }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`cannot be read (${codeOf(error)})`)
  }
}

/** `file` as people know it: from `cwd` when it lies below. */
export function displayName(file: string, cwd: string): string {
  const short = relative(cwd, file)
  return short.startsWith('..') || isAbsolute(short) ? file : short
}

/** Where the key (or list entry) at `path` begins; that of the nearest key above when the path does not exist. */
function offsetOf(document: Document, path: Path): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === last)
      : undefined
    const node = pair ? pair.key : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return undefined
}

// Named without the double underscore because everybody needs them, see design contracts.
const shortNames: Readonly<Record<string, Path>> = { SIGNET_DEMO_PORT: ['demo', 'port'] }
const notSettings = /^SIGNET_(CONFIG$|TEST_)/

/** The variable that sets the key at `path`. */
export function environmentName(path: Path): string {
  const short = Object.entries(shortNames).find(([, target]) => target.join() === path.join())
  return short?.[0] ?? `SIGNET_${path.join('__').toUpperCase()}`
}

/**
 * The settings in `SIGNET_*` variables. Empty ones count as not set. What is written is read as the kind of value that `defaults` has there:
 * text as it is, a list as YAML (`[a, b]`) or separated by commas or spaces, anything else as YAML. A variable in `…_FILE` names a file that holds the value.
 * Appends to `faults` what cannot be read.
 */
export function environmentLayer(
  env: NodeJS.ProcessEnv,
  defaults: Tree,
  cwd: string,
  faults: { where: string; key: string; text: string }[],
): Layer {
  const variables = new Map<string, string>()
  const values: Record<string, unknown> = {}
  for (const [variable, written] of Object.entries(env)) {
    if (!variable.startsWith('SIGNET_') || notSettings.test(variable) || !written) continue
    const { path, fromFile } = target(variable, defaults)
    const key = path.join('.')
    const earlier = variables.get(key)
    if (earlier)
      faults.push({ where: variable, key, text: `is set by ${earlier} too, expected one of the two` })
    variables.set(key, variable)
    try {
      const text = fromFile ? readText(resolve(cwd, written)).trim() : written
      assign(values, path, interpret(text, valueAt(defaults, path)))
    } catch (error) {
      const text = error instanceof Error ? summaryOf(error.message) : 'cannot be read'
      faults.push({ where: variable, key, text: fromFile ? `the file ${written} ${text}` : text })
    }
  }
  return { kind: 'environment', values, where: (path) => variableOf(variables, path) }
}

function target(variable: string, defaults: Tree): { path: string[]; fromFile: boolean } {
  const path = pathOf(variable)
  if (!variable.endsWith('_FILE') || valueAt(defaults, path) !== undefined) return { path, fromFile: false }
  const base = pathOf(variable.slice(0, -'_FILE'.length))
  return valueAt(defaults, base) === undefined ? { path, fromFile: false } : { path: base, fromFile: true }
}

function pathOf(variable: string): string[] {
  return shortNames[variable]?.map(String) ?? variable.slice('SIGNET_'.length).toLowerCase().split('__')
}

function interpret(text: string, usual: unknown): unknown {
  if (Array.isArray(usual) && !text.trimStart().startsWith('[')) return text.split(/[\s,]+/).filter(Boolean)
  // Every key that has no default takes text.
  if (typeof usual === 'string' || usual === null) return text === 'null' ? null : text
  return parse(text)
}

function assign(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path
  if (rest.length === 0) tree[key] = value
  else {
    const below = tree[key]
    const next: Record<string, unknown> = isTree(below) ? { ...below } : {}
    assign(next, rest, value)
    tree[key] = next
  }
}

function variableOf(variables: ReadonlyMap<string, string>, path: Path): string {
  for (let length = path.length; length > 0; length -= 1) {
    const key = path.slice(0, length).join('.')
    const exact = variables.get(key)
    if (exact) return exact
  }
  const below = [...variables].find(([key]) => key.startsWith(`${path.join('.')}.`))
  return below?.[1] ?? 'the environment'
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}

// The rest of the YAML library's messages quotes the text, which may hold a secret.
function summaryOf(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '')
}
