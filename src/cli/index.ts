/**
 * The command line: `signet <noun> <verb>`. Finds the command, parses its options, prints its answer for people or as JSON.
 * Exit codes: 0 done, 1 refused or failed with one sentence, 2 wrong usage.
 */
import { parseArgs } from 'node:util'
import { Problem } from '../domain/problem.ts'

export type { Started, Terminal, Toolbox } from './command.ts'

import { auditCommands } from './audit.ts'
import { clientCommands } from './client.ts'
import { type Command, type Terminal, type Toolbox, WrongUsage } from './command.ts'
import { configCommands } from './config.ts'
import { identityCommands } from './identity.ts'
import { keysCommands } from './keys.ts'
import { policyCommands } from './policy.ts'
import { startCommand } from './start.ts'
import { storeCommands } from './store.ts'

const commands: readonly Command[] = [
  startCommand,
  ...clientCommands,
  ...identityCommands,
  ...policyCommands,
  ...keysCommands,
  ...auditCommands,
  ...configCommands,
  ...storeCommands,
]

const askingForHelp = new Set(['help', '--help', '-h'])

/** Runs one command; answers the exit code and never throws. */
export async function run(words: readonly string[], toolbox: Toolbox, terminal: Terminal): Promise<number> {
  const command = find(words)
  const about = words.filter((word) => !askingForHelp.has(word)).join(' ')
  if ((command === undefined && about !== words.join(' ')) || words.length === 0) {
    const found = commands.filter(({ name }) => `${name} `.startsWith(about === '' ? '' : `${about} `))
    if (found.length > 0) {
      terminal.write(overview(found))
      return 0
    }
  }
  if (command === undefined) {
    terminal.warn(`signet: ${notFound(words)}`)
    return 2
  }
  try {
    const { operands, options } = parse(command, words.slice(command.name.split(' ').length))
    if (options.help === true) {
      terminal.write(`${command.summary}\n\n  signet ${command.usage} [--json]\n`)
      return 0
    }
    const answer = await command.run({ operands, options, terminal, toolbox })
    terminal.write(options.json === true ? `${JSON.stringify(answer.data)}\n` : answer.text)
    if (answer.fault === undefined) return 0
    terminal.warn(answer.fault)
    return 1
  } catch (error) {
    return explain(error, command, terminal)
  }
}

function find(words: readonly string[]): Command | undefined {
  const matches = commands.filter((command) =>
    command.name.split(' ').every((word, index) => words[index] === word),
  )
  return matches.sort((one, other) => other.name.length - one.name.length)[0]
}

/** With a noun alone, what can be done with it. */
function notFound(words: readonly string[]): string {
  const start = words.join(' ')
  const longer = commands.filter(({ name }) => name.startsWith(`${start} `))
  if (longer.length === 0)
    return `there is no command '${words.slice(0, 3).join(' ')}'. 'signet help' lists them.`
  return `'${start}' goes on with ${longer.map(({ name }) => name.slice(start.length + 1)).join(', ')}.`
}

// One id in 64 begins with a dash. Options are written in small letters, so it can still be told from them.
const dashedId = /^-[\w-]*[A-Z\d_][\w-]*$/
const shield = '\0'

function bare<Value>(value: Value): Value {
  return typeof value === 'string' && value.startsWith(shield) ? (value.slice(1) as Value) : value
}

function parse(command: Command, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: args.map((word) => (dashedId.test(word) ? shield + word : word)),
      allowPositionals: true,
      options: { ...command.options, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    const wanted = command.operands ?? []
    if (values.help !== true && positionals.length !== wanted.length) {
      throw new WrongUsage(
        wanted.length === 0
          ? `unexpected '${positionals[0]}'`
          : `expected ${wanted.map((name) => `<${name}>`).join(' ')}`,
      )
    }
    const options = Object.entries(values).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(bare) : bare(value),
    ])
    return { operands: positionals.map(bare), options: Object.fromEntries(options) as typeof values }
  } catch (error) {
    throw error instanceof WrongUsage ? error : new WrongUsage(firstSentence(error))
  }
}

function explain(error: unknown, command: Command, terminal: Terminal): number {
  if (error instanceof WrongUsage) {
    terminal.warn(`signet ${command.name}: ${error.message}\nusage: signet ${command.usage} [--json]`)
    return 2
  }
  terminal.warn(
    error instanceof Problem ? error.message : error instanceof Error ? error.message : String(error),
  )
  return 1
}

function firstSentence(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('. ')[0] ?? ''
}

function overview(found: readonly Command[]): string {
  const width = Math.max(...found.map((command) => command.name.length))
  const lines = found.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return `signet <noun> <verb> [--json] [--help]\n\n${lines.join('\n')}\n\nSecrets come from standard input or a file, never from an argument.\n`
}
