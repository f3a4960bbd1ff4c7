import { z } from 'zod'
import { type Level, levels } from '../domain/assurance.ts'
import type { Rule } from '../domain/demand.ts'
import { duration, flag, list, text, word } from './values.ts'

/** What names in a rule must be known. */
export interface RuleNames {
  readonly factors: readonly string[]
  readonly signals: readonly string[]
}

export const level = word(levels.filter((one): one is Exclude<Level, 'none'> => one !== 'none'))

const names = (what: string, element: z.ZodType<string> = text(`the name of a ${what}`)) =>
  list(element, `a list of ${what}s`).min(1, `at least one ${what}`)

/** One rule of the policy, as written; whether in the configuration or at the command line. */
export function ruleSchema({ factors, signals }: RuleNames) {
  const when = z.strictObject(
    {
      groups: names('group').optional().describe('for members of one of these'),
      roles: names('role').optional().describe('for whoever has one of these'),
      clients: names('client', text('a client_id')).optional().describe('for sign-ins to one of these'),
      signals: names('signal', word(signals)).optional().describe('when one of these is noticed'),
      action: word(['privileged'])
        .optional()
        .describe(
          '`privileged`: for what asks for a sign-in of its own in the account portal and the console',
        ),
    },
    'a map with groups, roles, clients, signals and action',
  )
  return z
    .strictObject(
      {
        name: text('a name of up to 64 letters, digits, spaces and . _ -', (name) =>
          /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u.test(name),
        ).describe('what entries of the audit call it; no two rules have the same'),
        when: when
          .optional()
          .describe('`groups`, `roles`, `clients`, `signals` and `action`: all that stand here must hold'),
        level: level.optional().describe('what must be reached'),
        fresh_within: duration({ min: '1m' }).optional().describe('older proofs do not count'),
        factors: names('factor', word(factors)).optional().describe('other proofs do not count'),
        enrol_within: duration({ min: '1h', max: '365d' })
          .optional()
          .describe(
            'whoever cannot do it yet has this long, from the first sign-in to which the rule applies',
          ),
        trusted_device: flag.optional().describe('`false`: a trusted device excuses from nothing'),
      },
      'a map with name, when, level, fresh_within, factors, enrol_within and trusted_device',
    )
    .superRefine(sensible)
}

/** `policy` in the configuration. */
export function policySchema(known: RuleNames) {
  return z.strictObject(
    {
      level,
      suggest: duration({ min: '1h' }).nullable(),
      ways_in: z.literal([1, 2], '1 or 2'),
      rules: list(ruleSchema(known), 'a list of rules').superRefine(withoutTwins),
    },
    'a map of settings',
  )
}

function sensible({ when = {}, ...rule }: Rule, context: z.RefinementCtx): void {
  const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', message, path: [key] })
  const { level, fresh_within, factors, trusted_device } = rule
  if ([level, fresh_within, factors, trusted_device].every((demand) => demand === undefined))
    refuse('level', 'a rule to demand something: level, fresh_within, factors or trusted_device')
  // A risk that may wait is no risk.
  if (when.signals !== undefined && rule.enrol_within !== undefined)
    refuse('enrol_within', 'no time to enrol in a rule that is for signals')
}

function withoutTwins(rules: readonly Rule[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [at, { name }] of rules.entries()) {
    const message = 'a name that no other rule has'
    if (seen.has(name)) context.addIssue({ code: 'custom', message, path: [at, 'name'] })
    seen.add(name)
  }
}
