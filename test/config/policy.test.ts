import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError, loadConfig, readRule, writtenRule } from '../../src/config.ts'

const minute = 60_000
const day = 24 * 60 * minute

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'signet-config-'))
})

afterEach(() => {
  rmSync(cwd, { recursive: true })
})

function policyOf(yaml: string) {
  writeFileSync(join(cwd, 'signet.yaml'), `mode: development\npolicy:\n${yaml}`)
  return loadConfig({ env: { SIGNET_CONFIG: 'signet.yaml' }, cwd }).policy
}

function refusal(yaml: string): string {
  try {
    policyOf(yaml)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

test('without a word about it everyone needs one factor, nobody is held up, and there are no rules', () => {
  expect(policyOf('  rules: []\n')).toEqual({ level: 'single-factor', suggest: null, ways_in: 1, rules: [] })
})

test('a rule says whom it is for and what it demands', () => {
  const { rules, suggest } = policyOf(`  suggest: 30d
  rules:
    - name: staff
      when: { groups: [staff], roles: [administrator] }
      level: two-factor
      enrol_within: 7d
    - name: finance
      when: { clients: [finance], action: privileged }
      level: phishing-resistant
      fresh_within: 15m
      factors: [passkey, security-key]
      trusted_device: false
`)
  expect(suggest).toBe(30 * day)
  expect(rules).toEqual([
    {
      name: 'staff',
      when: { groups: ['staff'], roles: ['administrator'] },
      level: 'two-factor',
      enrol_within: 7 * day,
    },
    {
      name: 'finance',
      when: { clients: ['finance'], action: 'privileged' },
      level: 'phishing-resistant',
      fresh_within: 15 * minute,
      factors: ['passkey', 'security-key'],
      trusted_device: false,
    },
  ])
})

test('everything that is wrong with the rules is reported at once, each with its line', () => {
  const message = refusal(`  suggest: soon
  rules:
    - name: "../x"
      level: none
    - name: twice
      when: { groups: [], color: red }
      factors: [pasword]
    - name: twice
      level: two-factor
      fresh_within: 1s
    - name: nothing
      when: { clients: [shop] }
    - name: patient
      when: { signals: [new-moon] }
      level: two-factor
`)
  for (const fault of [
    'signet.yaml:3: policy.suggest: found "soon"',
    'policy.rules.0.name',
    'policy.rules.0.level: found "none"',
    'policy.rules.1.when.groups',
    'policy.rules.1.when.color',
    'policy.rules.1.factors.0: found "pasword", expected one of password',
    'policy.rules.2.fresh_within: found "1s"',
    'policy.rules.4.when.signals.0: found "new-moon"',
  ])
    expect(message).toContain(fault)
})

test.each([
  [
    'two rules of one name',
    '    - { name: a, level: two-factor }\n    - { name: a, level: two-factor }\n',
    'a name that no other rule has',
  ],
  [
    'a rule that demands nothing',
    '    - { name: a, when: { groups: [staff] } }\n',
    'a rule to demand something',
  ],
  ['a rule that only gives time', '    - { name: a, enrol_within: 7d }\n', 'a rule to demand something'],
])('%s', (_name, rules, expected) => {
  expect(refusal(`  rules:\n${rules}`)).toContain(expected)
})

test('time to enrol in a rule that is for signals', () => {
  const rule = '{ name: a, when: { signals: [new-device] }, level: two-factor, enrol_within: 7d }'
  expect(refusal(`  rules:\n    - ${rule}\nsignals: { new_device: { enabled: true } }\n`)).toContain(
    'no time to enrol',
  )
})

test('a rule outside of the configuration is read by the same words, and written back as it was', () => {
  const written = {
    name: 'staff',
    when: { groups: ['staff'] },
    level: 'two-factor',
    fresh_within: '90m',
    enrol_within: '7d',
  }
  const rule = readRule(
    'staff',
    'when: { groups: [staff] }\nlevel: two-factor\nfresh_within: 90m\nenrol_within: 168h\n',
  )
  expect(rule.enrol_within).toBe(7 * day)
  expect(writtenRule(rule)).toEqual(written)
  expect(readRule('staff', JSON.stringify(written))).toEqual(rule)
  expect(readRule('staff', written)).toEqual(rule)
})

test.each([
  ['no YAML', 'a: [', 'no valid YAML'],
  ['a list', '- a', 'expected a map'],
  ['unknown words', 'level: two-factor\nlevels: x', 'there is no levels'],
  ['several faults', 'level: high\nfactors: [pin]', 'level: expected one of'],
])('a rule that is %s is refused with all that is wrong', (_name, text, expected) => {
  expect(() => readRule('a', text)).toThrow(expected)
})
