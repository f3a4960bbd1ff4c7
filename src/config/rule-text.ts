import { parse } from 'yaml'
import { z } from 'zod'
import type { Rule } from '../domain/demand.ts'
import { schemaAt } from './schema.ts'
import { isTree } from './sources.ts'
import { writtenDuration } from './values.ts'

/** One rule outside of the configuration, as YAML (or JSON) or taken apart already. It need not say its name again. Throws an Error that names every fault. */
export function readRule(name: string, written: string | Readonly<Record<string, unknown>>): Rule {
  const type = schemaAt(['policy', 'rules', 0])
  if (!(type instanceof z.ZodType)) throw new Error('the schema has no rules')
  const tree = typeof written === 'string' ? parsed(written) : written
  const result = type.safeParse(isTree(tree) ? { name, ...tree } : tree)
  if (result.success) return result.data as Rule
  throw new Error(`The rule cannot be used: ${result.error.issues.flatMap(faults).join('; ')}.`)
}

/** As people write it. */
export function writtenRule(rule: Rule): Readonly<Record<string, unknown>> {
  const { fresh_within, enrol_within } = rule
  return {
    ...rule,
    ...(fresh_within === undefined ? {} : { fresh_within: writtenDuration(fresh_within) }),
    ...(enrol_within === undefined ? {} : { enrol_within: writtenDuration(enrol_within) }),
  }
}

function parsed(text: string): unknown {
  try {
    return parse(text)
  } catch {
    throw new Error('The rule cannot be used: it is no valid YAML.')
  }
}

function faults(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [`${at === '' ? '' : `${at}: `}expected ${issue.message}`]
  return issue.keys.map((key) => `there is no ${[...issue.path, key].join('.')}`)
}
