import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assess, reaches } from '../../../src/domain/assurance.ts'
import { nextStep, type Policy, resultOf } from '../../../src/domain/policy.ts'
import { anyLevel, anyProcess, anySituation, anyWays, walk } from './any.ts'
import { given, now, policy } from './world.ts'

describe('any path through the steps', () => {
  it('S32: before the first proof does not depend on who exists, or on what they have', () => {
    fc.assert(
      fc.property(anyProcess, anySituation, anySituation, anyLevel, (one, here, there, level) => {
        expect(nextStep(one, here, policy(level), now)).toEqual(nextStep(one, there, policy(level), now))
      }),
    )
  })

  it('ends after a few steps, whichever of the offered ways a person takes', () => {
    fc.assert(
      fc.property(
        anyProcess,
        anyWays,
        anyLevel,
        fc.infiniteStream(fc.nat(1_000)),
        (one, ways, level, picks) => {
          const { step } = walk(one, ways, policy(level), () => picks.next().value ?? 0)
          expect(['done', 'refused']).toContain(step.kind)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('S44: done means that the policy, the demand, and the person’s own second factor are met', () => {
    fc.assert(
      fc.property(
        anyProcess,
        anyWays,
        anyLevel,
        fc.infiniteStream(fc.nat(1_000)),
        (one, ways, level, picks) => {
          const end = walk(one, ways, policy(level), () => picks.next().value ?? 0)
          if (end.step.kind !== 'done') return
          const reached = assess(end.process.proofs).level
          expect(reaches(reached, level)).toBe(true)
          if (one.requirement.essential) expect(reaches(reached, one.requirement.level)).toBe(true)
          const own = end.ways.filter((each) => !each.implied && !each.standIn).map((each) => given(each))
          if (reaches(assess(own).level, 'two-factor')) expect(reaches(reached, 'two-factor')).toBe(true)
          expect(resultOf({ ...end.process, identityId: 'ana' })).toMatchObject({
            identityId: 'ana',
            authTime: now - 1_000,
            ...assess(end.process.proofs),
          })
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('S44: no path over one channel ends at two factors', () => {
    const overMail = anyWays.map((ways) => ways.map((one) => ({ ...one, channel: 'email' as const })))
    fc.assert(
      fc.property(anyProcess, overMail, fc.infiniteStream(fc.nat(1_000)), (one, ways, picks) => {
        const closed: Policy = {
          ...policy(),
          factors: policy().factors.map((factor) => ({ ...factor, enrollable: false })),
        }
        const end = walk(one, ways, closed, () => picks.next().value ?? 0)
        expect(reaches(assess(end.process.proofs).level, 'two-factor')).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})
