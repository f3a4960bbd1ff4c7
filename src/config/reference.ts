import { type Document, isCollection, isMap, isNode, isScalar, type Pair } from 'yaml'
import { z } from 'zod'
import { schemaAt, secretKeys } from './schema.ts'
import { environmentName } from './sources.ts'

interface Line {
  readonly path: readonly string[]
  readonly value: string
  readonly comment: string
}

const preamble = `# Configuration

<!-- Made by "npm run docs:configuration" from config/default.yaml and the schema. Change those, not this file. -->

Settings come from three places; the later one wins, key by key (a list is replaced as a whole):

1. \`config/default.yaml\`, which has every key with its default;
2. the YAML file that \`SIGNET_CONFIG\` names. Without it, development settings are used: \`config/development.yaml\`, which is also beneath a named file
   that says \`mode: development\`;
3. environment variables. \`SIGNET_A__B__C\` sets the key \`a.b.c\`; a list is written as \`[a, b]\` or with commas or spaces, and what is more than text as
   YAML. A variable that ends in \`_FILE\` names a file that holds the value: use it for secrets. An empty variable counts as not set.

\`signet config check\` reads all three and reports everything that is wrong at once, with the file and line or the variable. Unknown keys are refused. Durations are
written as \`500ms\`, \`60s\`, \`10m\`, \`1h\`, \`30d\`, sizes as \`64kb\`, \`1mb\`. Relative paths start at the working directory. The server reads its settings once:
restart it after a change.

Limits in the column *takes* are those that the security of a sign-in rests on: they cannot be configured away.

## Reference
`

/** The configuration reference in markdown, the whole of docs/configuration.md: one table per top-level map, one for the single keys, one for each list or map of entries. */
export function referenceOf(defaults: Document): string {
  const lines = isMap(defaults.contents) ? defaults.contents.items.flatMap((pair) => linesOf([], pair)) : []
  const single = lines.filter(({ path }) => path.length === 1)
  const sections = Map.groupBy(
    lines.filter(({ path }) => path.length > 1),
    ({ path }) => path[0] ?? '',
  )
  const parts = [preamble.trim(), table('General', single)]
  for (const [name, keys] of sections) parts.push(table(`\`${name}\``, keys))
  parts.push(
    entries(['resources', '*'], 'An entry of `resources`'),
    entries(['clients', '*'], 'An entry of `clients`'),
    entries(['policy', 'rules', '*'], 'An entry of `policy.rules`'),
    entries(['policy', 'rules', '*', 'when'], '`when` of such an entry'),
  )
  return `${parts.join('\n\n')}\n`
}

function linesOf(above: readonly string[], pair: Pair): Line[] {
  const { key, value } = pair
  const path = [...above, isScalar(key) ? String(key.value) : '']
  if (isMap(value) && value.items.length > 0) return value.items.flatMap((below) => linesOf(path, below))
  const comment = isNode(value) ? (value.comment ?? '') : ''
  return [{ path, value: written(value), comment: comment.replace(/; SIGNET_.*/, '').trim() }]
}

function written(value: unknown): string {
  if (isCollection(value)) return JSON.stringify(value.toJSON())
  return isScalar(value) ? String(value.value) : ''
}

function table(title: string, lines: readonly Line[]): string {
  const rows = lines.map(({ path, value, comment }) => {
    const secret = secretKeys.includes(path.join('.')) ? ', or `…_FILE`' : ''
    const cells = [
      `\`${path.join('.')}\``,
      `\`${value}\``,
      expectedAt(path),
      comment,
      `\`${environmentName(path)}\`${secret}`,
    ]
    return `| ${cells.map(cell).join(' | ')} |`
  })
  return [
    `### ${title}`,
    '',
    '| key | default | takes | meaning | variable |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

/** The fields of one entry, from the schema alone: default.yaml has none. */
function entries(path: readonly PropertyKey[], title: string): string {
  const entry = schemaAt(path)
  const shape = entry instanceof z.ZodObject ? Object.entries(entry.shape) : []
  const rows = shape.map(([key, type]) => {
    const meaning = type instanceof z.ZodType ? (type.description ?? '') : ''
    return `| ${[`\`${key}\``, expectedAt([...path, key]), meaning].map(cell).join(' | ')} |`
  })
  return [`### ${title}`, '', '| key | takes | meaning |', '|---|---|---|', ...rows].join('\n')
}

// What a value has to be is what the schema says when it gets something that is never right.
function expectedAt(path: readonly PropertyKey[]): string {
  const type = schemaAt(path)
  const result = type instanceof z.ZodType ? type.safeParse(Symbol('nothing')) : undefined
  return result?.error?.issues[0]?.message ?? ''
}

function cell(text: string): string {
  // Between backticks a < is a <; elsewhere it would begin a tag.
  const outside = text.startsWith('`') ? text : text.replaceAll('<', '&lt;')
  return outside.replaceAll('|', '\\|')
}
