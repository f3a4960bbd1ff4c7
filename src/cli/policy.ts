import type { Rule } from '../domain/demand.ts'
import {
  type Command,
  list,
  type Options,
  operator,
  Refusal,
  type Terminal,
  type Toolbox,
  text,
  WrongUsage,
  withServices,
} from './command.ts'

export const policyCommands: readonly Command[] = [
  {
    name: 'policy list',
    usage: 'policy list',
    summary: 'List the rules of the policy: those of the configuration and those that are stored.',
    run: ({ toolbox }) =>
      withServices(toolbox, async ({ policies }) => {
        const rules = (await policies.list()).map(({ rule, ...where }) => {
          return { ...toolbox.writtenRule(rule), ...where }
        })
        return { data: rules, text: rules.map(line).join('') || 'No rules yet.\n' }
      }),
  },
  {
    name: 'policy set',
    operands: ['name'],
    options: {
      group: { type: 'string', multiple: true },
      role: { type: 'string', multiple: true },
      client: { type: 'string', multiple: true },
      signal: { type: 'string', multiple: true },
      privileged: { type: 'boolean' },
      level: { type: 'string' },
      'fresh-within': { type: 'string' },
      factor: { type: 'string', multiple: true },
      'enrol-within': { type: 'string' },
      'no-trusted-device': { type: 'boolean' },
      stdin: { type: 'boolean' },
    },
    usage:
      'policy set <name> [--group GROUP…] [--role ROLE…] [--client CLIENT_ID…] [--signal SIGNAL…] [--privileged] [--level LEVEL] [--fresh-within 15m] [--factor FACTOR…] [--enrol-within 7d] [--no-trusted-device] | policy set <name> --stdin',
    summary: 'Add or replace a stored rule: from options, or as YAML or JSON on standard input.',
    run: async ({ toolbox, operands: [name = ''], options, terminal }) => {
      const rule = await ruleFrom(name, options, { toolbox, terminal })
      return withServices(toolbox, async ({ policies }) => {
        const outcome = await policies.set(rule, operator)
        if (outcome.status === 'refused') throw refusalOf(outcome.reason, name)
        const done = outcome.status === 'created' ? 'Added' : 'Changed'
        const written = toolbox.writtenRule(rule)
        return { data: written, text: `${done}. It counts in a few seconds.\n${line(written)}` }
      })
    },
  },
  {
    name: 'policy remove',
    operands: ['name'],
    usage: 'policy remove <name>',
    summary: 'Remove a stored rule.',
    run: ({ toolbox, operands: [name = ''] }) =>
      withServices(toolbox, async ({ policies }) => {
        const outcome = await policies.remove(name, operator)
        if (outcome.status === 'refused') throw refusalOf(outcome.reason, name)
        return { data: { name, removed: true }, text: 'Removed.\n' }
      }),
  },
]

async function ruleFrom(
  name: string,
  options: Options,
  { toolbox, terminal }: { readonly toolbox: Toolbox; readonly terminal: Terminal },
): Promise<Rule> {
  if (options.stdin !== true) return toolbox.readRule(name, written(options))
  if (Object.keys(written(options)).length > 0)
    throw new WrongUsage('--stdin takes the whole rule from standard input, without further options')
  const rule = toolbox.readRule(name, await terminal.readInput())
  if (rule.name !== name) throw new Refusal(`Standard input has a rule called '${rule.name}'.`)
  return rule
}

function written(options: Options): Record<string, unknown> {
  const lists = (names: Record<string, string>) =>
    Object.entries(names).flatMap(([key, option]) => {
      const values = list(options, option)
      return values.length === 0 ? [] : [[key, values] as const]
    })
  const texts = (names: Record<string, string>) =>
    Object.entries(names).flatMap(([key, option]) => {
      const value = text(options, option)
      return value === undefined ? [] : [[key, value] as const]
    })
  const when = Object.fromEntries([
    ...lists({ groups: 'group', roles: 'role', clients: 'client', signals: 'signal' }),
    ...(options.privileged === true ? [['action', 'privileged'] as const] : []),
  ])
  return Object.fromEntries([
    ...(Object.keys(when).length === 0 ? [] : [['when', when] as const]),
    ...texts({ level: 'level', fresh_within: 'fresh-within', enrol_within: 'enrol-within' }),
    ...lists({ factors: 'factor' }),
    ...(options['no-trusted-device'] === true ? [['trusted_device', false] as const] : []),
  ])
}

/** One rule, readable: what it is for, then what it demands. */
function line({ name, when, from, overridden, ...demands }: Readonly<Record<string, unknown>>): string {
  const who = when === undefined ? 'everyone' : words(when as Record<string, unknown>)
  const where =
    from === undefined
      ? ''
      : `  (${from}${overridden === true ? ', not used: the configuration has this name' : ''})`
  return `${name}  ${who} → ${words(demands)}${where}\n`
}

function words(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(', ') : value}`)
    .join('; ')
}

function refusalOf(reason: 'configured' | 'unknown' | 'signal-off', name: string): Refusal {
  const words = {
    configured: `The rule '${name}' is one of the configuration: change it there and restart. Nothing was done.`,
    unknown: `There is no stored rule '${name}'. 'signet policy list' shows all.`,
    'signal-off': `The rule '${name}' would never apply: a signal that it waits for is turned off in the configuration. Nothing was done.`,
  }
  return new Refusal(words[reason])
}
