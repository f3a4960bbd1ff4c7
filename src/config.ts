// Owns the settings: default.yaml ← the file named by SIGNET_CONFIG ← SIGNET_* variables, checked against one schema.
// In development mode development.yaml lies between the defaults and the named file; it is also what is used when none is named.
// The only place that reads the environment. Everything wrong is reported at once, with where it was written.
// Not here: what a setting means (whoever it is handed to in main.ts); src/config/ has the parts.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Completed, complete, faultySecrets } from './config/completion.ts'
import { ConfigError, type Fault, faultsOf, wrongValue } from './config/faults.ts'
import { referenceOf } from './config/reference.ts'
import { brokenRules } from './config/rules.ts'
import { schema } from './config/schema.ts'
import { displayName, environmentLayer, fileLayer, type Layer, merge, type Tree } from './config/sources.ts'

export { readRule, writtenRule } from './config/rule-text.ts'
export { ConfigError }

/** Every setting under its name in config/default.yaml: durations in milliseconds, sizes in bytes, paths absolute, secrets read. */
export type Config = Completed

const shipped = fileURLToPath(new URL('../config/', import.meta.url))
const defaultFile = resolve(shipped, 'default.yaml')
const developmentFile = resolve(shipped, 'development.yaml')

/**
 * The settings for this process. Relative paths, wherever they are written, start at `cwd`. In development a missing master key is made once and kept in
 * `<data>/master.key`. Throws `ConfigError`, which lists every fault.
 */
export function loadConfig(options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Config {
  const { env = process.env, cwd = process.cwd() } = options
  const faults: Fault[] = []
  const files = readFiles(env, cwd, faults)
  if (faults.length > 0) throw new ConfigError(faults)
  const environment = environmentLayer(env, files[0]?.values ?? {}, cwd, faults)
  const layers = [...files, environment]
  const settings = merge(layers)
  const parsed = schema.safeParse(settings)
  if (!parsed.success) faults.push(...faultsOf(parsed.error, layers))
  faults.push(...unusable(settings, layers, faults))
  faults.push(...faultySecrets(settings.clients, cwd, (path) => wrongValue(path, '', layers).where))
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults)
  return complete(parsed.data, cwd, (path) => wrongValue(path, '', layers).where)
}

/** Markdown for docs/configuration.md: every key with its default, meaning and variable, from the schema and the comments in default.yaml. */
export function configReference(): string {
  return referenceOf(fileLayer(defaultFile, shipped).document)
}

function readFiles(env: NodeJS.ProcessEnv, cwd: string, faults: Fault[]): Layer[] {
  const read = (file: string): Layer[] => {
    try {
      return [fileLayer(file, cwd)]
    } catch (error) {
      if (!(error instanceof Error)) throw error
      faults.push({ where: displayName(file, cwd), key: '', text: error.message })
      return []
    }
  }
  const chosen = env.SIGNET_CONFIG ? resolve(cwd, env.SIGNET_CONFIG) : developmentFile
  const [named] = chosen === defaultFile ? [] : read(chosen)
  const mode = env.SIGNET_MODE || named?.values.mode
  const between = mode === 'development' && chosen !== developmentFile ? read(developmentFile) : []
  return [...read(defaultFile), ...between, ...(named ? [named] : [])]
}

/** Faults of settings that are well-formed but do not go together; a key with a fault is not reported twice. */
function unusable(settings: Tree, layers: readonly Layer[], known: readonly Fault[]): Fault[] {
  const found = brokenRules(settings, (path, expected) => wrongValue(path, expected, layers))
  return found.filter(({ key }) => !known.some((fault) => fault.key === key))
}
