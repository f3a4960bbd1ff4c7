import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Authentication } from '../../src/domain/authentication.ts'
import type { Loss } from '../../src/domain/loss.ts'
import { nextStep, type Policy } from '../../src/domain/policy.ts'
import { type Outlook, type Person, recoveryHealth } from '../../src/domain/recovery-health.ts'
import type { EnrolledWay } from '../../src/domain/ways.ts'
import { anyWays } from './policy/any.ts'
import {
  byMail,
  given,
  now,
  person,
  policy,
  process,
  secret,
  secretByMail,
  strengths,
  way,
} from './policy/world.ts'

const lostWith: Record<string, readonly Loss[]> = {
  secret: ['secret'],
  mail: ['mailbox'],
  app: ['phone', 'devices'],
  sms: ['phone', 'devices'],
  key: ['keys', 'devices'],
  browser: ['devices'],
}
const paper = {
  name: 'paper',
  categories: ['possession'],
  amr: ['otp'],
  first: false,
  enrollable: true,
  standIn: true,
  recovery: 'first',
} as const
const browser = {
  ...strengths.app,
  name: 'browser',
  first: false,
  enrollable: false,
  recovery: 'only',
} as const
const house: Policy = {
  ...policy(),
  factors: [...policy().factors.map((one) => ({ ...one })), paper, browser].map((one) => ({
    ...one,
    ...(lostWith[one.name] === undefined ? {} : { lostWith: lostWith[one.name] }),
    ...(one.name === 'secret' || one.name === 'app' || one.name === 'key' ? { enrollable: true } : {}),
  })),
}
const app = way('app')
const key = way('key')
const codes: EnrolledWay = { ...strengths.app, factor: 'paper', credentialId: 'paper', standIn: true }
const laptop: EnrolledWay = { ...strengths.app, factor: 'browser', credentialId: 'laptop', held: true }

const someone = (...enrolled: EnrolledWay[]): Person => ({ identity: person(), enrolled, resets: 'secret' })
const healthOf = (one: Person, rules = house) => recoveryHealth(one, rules, now)
const said = ({ outlooks }: { readonly outlooks: readonly Outlook[] }) =>
  Object.fromEntries(
    outlooks.map(({ loss, back }) => [
      loss,
      back === undefined ? 'nothing' : `${back.by}: ${back.factors.join(' + ')}`,
    ]),
  )

interface Row {
  readonly has: readonly EnrolledWay[]
  readonly says: Record<string, string>
  readonly advice?: string
}

const table: Record<string, Row> = {
  'a password and a mailbox stand in for each other': {
    has: [secret, byMail],
    says: { secret: 'sign-in: mail', mailbox: 'sign-in: secret' },
  },
  'with an app a lost phone is a recovery, and a lost password comes by link': {
    has: [secret, byMail, app],
    says: {
      phone: 'recovery: secret + mail',
      secret: 'link: secret + app',
      mailbox: 'sign-in: secret + app',
    },
  },
  'a password that a mail can set counts as the mail: codes on paper help': {
    has: [secretByMail, byMail, app],
    says: { phone: 'nothing', secret: 'link: secret + app', mailbox: 'sign-in: secret + app' },
    advice: 'paper',
  },
  'codes on paper let one in without the phone': {
    has: [secretByMail, byMail, app, codes],
    says: {
      phone: 'sign-in: secret + paper',
      secret: 'link: secret + app',
      mailbox: 'sign-in: secret + app',
    },
  },
  'codes that are used up help nobody': {
    has: [secretByMail, byMail, app, { ...codes, spent: true }],
    says: { phone: 'nothing', secret: 'link: secret + app', mailbox: 'sign-in: secret + app' },
    advice: 'paper',
  },
  'a trusted device helps in a recovery, never alone, and is gone with all devices': {
    has: [secretByMail, app, laptop],
    says: {
      phone: 'recovery: secret + browser',
      devices: 'nothing',
      secret: 'link: secret + app',
    },
    advice: 'paper',
  },
  'a key and an app stand in for each other, and all devices at once take both': {
    has: [secretByMail, byMail, app, key],
    says: {
      phone: 'sign-in: secret + key',
      keys: 'sign-in: secret + app',
      devices: 'nothing',
      secret: 'link: secret + app',
      mailbox: 'sign-in: secret + app',
    },
    advice: 'paper',
  },
}

describe('what is said of how somebody gets back in', () => {
  it.each(Object.entries(table))('%s', (_, { has, says, advice }) => {
    const health = healthOf(someone(...has))
    expect(said(health)).toEqual(says)
    expect(health.advice).toBe(advice)
  })

  it('without a mailbox that a link can go to nobody is told of a link', () => {
    const { resets: _resets, ...unreachable } = someone(secret, app)
    expect(said(healthOf(unreachable))).toEqual({ phone: 'nothing', secret: 'nothing' })
  })

  const anyPerson = fc
    .record({ ways: anyWays, codes: fc.boolean(), laptop: fc.boolean(), resets: fc.boolean() })
    .map((one) => ({
      identity: person(),
      enrolled: [...one.ways, ...(one.codes ? [codes] : []), ...(one.laptop ? [laptop] : [])],
      ...(one.resets ? { resets: 'secret' } : {}),
    }))
  const wanting = { level: 'two-factor', essential: true, recovery: true } as const
  const leftAfter = ({ enrolled }: Person, loss: Loss) =>
    enrolled.filter(({ factor, spent }) => !spent && !lostWith[factor]?.includes(loss))

  /** Whether any order of answers with these ways ends a recovery. */
  function getsIn(at: Authentication, one: Person, left: readonly EnrolledWay[]): boolean {
    const step = nextStep(at, one, house, now)
    if (step.kind === 'done') return true
    if (step.kind !== 'prove') return false
    return left
      .filter(({ factor }) => step.oneOf.includes(factor))
      .filter(({ credentialId }) => !at.proofs.some((proof) => proof.credentialId === credentialId))
      .some((next) => getsIn({ ...at, proofs: [...at.proofs, given(next)] }, one, left))
  }

  it('S44: says that a recovery helps exactly when one with what is left ends well', () => {
    fc.assert(
      fc.property(anyPerson, (one) => {
        for (const { loss, back } of healthOf(one).outlooks) {
          const begin = process({ requirement: wanting, identifier: 'x' })
          const possible = getsIn(begin, one, leftAfter(one, loss))
          if (back?.by === 'recovery') expect(possible).toBe(true)
          if (back === undefined) expect(possible).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('names only what is left, and the proofs it names end the process', () => {
    fc.assert(
      fc.property(anyPerson, (one) => {
        for (const { loss, back } of healthOf(one).outlooks) {
          if (back === undefined || back.by === 'link') continue
          const left = leftAfter(one, loss)
          expect(left.map(({ factor }) => factor)).toEqual(expect.arrayContaining([...back.factors]))
          const paths = back.factors.reduce<EnrolledWay[][]>(
            (sets, name) =>
              sets.flatMap((set) =>
                left
                  .filter((each) => each.factor === name && !set.includes(each))
                  .map((each) => [...set, each]),
              ),
            [[]],
          )
          const requirement =
            back.by === 'recovery' ? wanting : ({ level: 'none', essential: false } as const)
          const ends = paths.map((path) => {
            const proofs = path.map((each) => given(each))
            return nextStep(
              process({ requirement, identifier: 'x', proofs }),
              { ...one, enrolled: usual(one, back) },
              house,
              now,
            ).kind
          })
          expect(ends.some((kind) => kind === 'done' || kind === 'enrol')).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('what it advises helps', () => {
    fc.assert(
      fc.property(anyPerson, (one) => {
        const before = healthOf(one)
        if (before.advice === undefined) return
        const factor = house.factors.find(({ name }) => name === before.advice)
        if (factor === undefined) throw new Error('nobody knows what was advised')
        const { name, categories, amr } = factor
        const added = { ...factor, factor: name, credentialId: 'new', categories, amr } as EnrolledWay
        const after = healthOf({ ...one, enrolled: [...one.enrolled, added] })
        const helpless = (outlooks: readonly Outlook[]) =>
          outlooks.filter(
            ({ loss, back }) => back === undefined && before.outlooks.some((old) => old.loss === loss),
          )
        expect(helpless(after.outlooks).length).toBeLessThan(helpless(before.outlooks).length)
      }),
      { numRuns: 300 },
    )
  })
})

function usual({ enrolled }: Person, { by }: { readonly by: string }): readonly EnrolledWay[] {
  return by === 'recovery' ? enrolled : enrolled.filter(({ factor }) => factor !== 'browser')
}
