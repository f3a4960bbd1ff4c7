import type { Fault } from './faults.ts'
import { environmentName, type Path, type Tree, valueAt } from './sources.ts'
import { parseSize } from './values.ts'

/** A master key that development made for itself begins with this. */
export const developmentKeyMark = 'development-'

interface Rule {
  readonly mode: 'production' | 'development' | 'any'
  readonly path: Path
  readonly expected: string
  /** True when all is well. Gets the settings as written: the schema may have refused some. */
  holds(value: unknown, settings: Tree): boolean
}

// OWASP's minimum for argon2id: 7 MiB in 5 passes, 9 in 4, 12 in 3, 19 in 2 or 46 in one.
const leastWork = 35 * 1024 ** 2

const rules: readonly Rule[] = [
  {
    mode: 'production',
    path: ['issuer'],
    expected: 'the https URL that people and applications see',
    holds: (issuer) => startsWith(issuer, 'https://'),
  },
  {
    mode: 'production',
    path: ['master_key'],
    expected: 'a master key; `openssl rand -base64 32` makes one',
    holds: (key) => key !== null,
  },
  {
    mode: 'production',
    path: ['master_key'],
    expected: 'a master key of its own, not the one that development made',
    holds: (key) => !startsWith(key, developmentKeyMark),
  },
  {
    mode: 'production',
    path: ['inbox'],
    expected: 'false, the inbox is for development',
    holds: (inbox) => inbox !== true,
  },
  {
    mode: 'production',
    path: ['demo', 'enabled'],
    expected: 'false, the demo application is for development',
    holds: (enabled) => enabled !== true,
  },
  {
    mode: 'production',
    path: ['mail', 'url'],
    expected: 'a mail server, smtp://user:password@host:587 or smtps://…',
    holds: (url) => url !== null,
  },
  {
    mode: 'development',
    path: ['mail', 'url'],
    expected: 'a mail server, or the inbox switched on',
    holds: (url, settings) => url !== null || settings.inbox !== false,
  },
  {
    mode: 'any',
    path: ['mail', 'from'],
    expected: 'the address that mail is sent from',
    holds: (from, settings) => from !== null || (settings.mode !== 'production' && settings.inbox !== false),
  },
  {
    mode: 'any',
    path: ['resources'],
    expected: 'each access_token_alg to be one of keys.algorithms',
    holds: (resources, settings) => {
      const known = valueAt(settings, ['keys', 'algorithms'])
      const wanted = Object.values(resources ?? {}).map((resource) => resource?.access_token_alg)
      return !Array.isArray(known) || wanted.every((alg) => alg === undefined || known.includes(alg))
    },
  },
  {
    mode: 'any',
    path: ['places', 'database'],
    expected: 'a database, because a signal that is turned on compares places',
    holds: (database, settings) => {
      const comparing = [
        ['signals', 'new_place', 'enabled'] as const,
        ['signals', 'impossible_travel', 'enabled'] as const,
      ]
      return database !== null || comparing.every((path) => valueAt(settings, path) !== true)
    },
  },
  {
    mode: 'any',
    path: ['policy', 'rules'],
    expected: 'rules that wait for signals which are turned on, beneath signals',
    holds: (written, settings) => {
      const isOff = (name: unknown) =>
        valueAt(settings, ['signals', String(name).replaceAll('-', '_'), 'enabled']) === false
      const named = Array.isArray(written) ? written.flatMap((rule) => rule?.when?.signals ?? []) : []
      return !named.some(isOff)
    },
  },
  {
    mode: 'production',
    path: ['hashing', 'memory'],
    expected: 'a cost of at least 19mb in 2 iterations (or 46mb in 1, 12mb in 3, 9mb in 4, 7mb in 5)',
    holds: (memory, settings) => {
      const passes = valueAt(settings, ['hashing', 'iterations'])
      const bytes = typeof memory === 'string' ? parseSize(memory) : undefined
      return bytes === undefined || typeof passes !== 'number' || bytes * passes >= leastWork
    },
  },
]

/** What does not go together, everything at once. `refuse` turns a key and what is expected there into a fault. */
export function brokenRules(settings: Tree, refuse: (path: Path, expected: string) => Fault): Fault[] {
  return rules
    .filter(({ mode }) => mode === 'any' || mode === settings.mode)
    .filter(({ path, holds }) => !holds(valueAt(settings, path), settings))
    .map(({ path, expected }) => {
      const name = environmentName(path)
      return refuse(path, `${expected} (${path.join('.')}, or ${name} in the environment)`)
    })
}

function startsWith(value: unknown, start: string): boolean {
  return typeof value === 'string' && value.startsWith(start)
}
