/** The life of a recovery case as a table, and what two reviewers make of it in every order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CaseAction,
  type CaseState,
  isOver,
  judged,
  type Review,
  stateAfter,
} from '../../src/domain/recovery-case.ts'

const states: readonly CaseState[] = [
  'opened',
  'more-asked',
  'answered',
  'approved-once',
  'approved',
  'refused',
  'expired',
  'withdrawn',
]
const actions: readonly CaseAction[] = ['ask', 'answer', 'approve', 'refuse', 'expire', 'withdraw']

const fresh = { state: 'opened', evidence: 1, queue: 'open' } as const

describe('the life of a case', () => {
  it('has an end from which nothing leads on', () => {
    expect(states.filter(isOver)).toEqual(['approved', 'refused', 'expired', 'withdrawn'])
    for (const state of states.filter(isOver))
      for (const action of actions) expect(stateAfter(state, action)).toBeUndefined()
  })

  it('leads on from everywhere else, and ends by refusal, time or withdrawal at any moment', () => {
    for (const state of states.filter((one) => !isOver(one))) {
      expect(stateAfter(state, 'refuse')).toBe('refused')
      expect(stateAfter(state, 'expire')).toBe('expired')
      expect(stateAfter(state, 'withdraw')).toBe('withdrawn')
    }
  })

  it('nobody approves while an answer is awaited, and nobody answers who was not asked', () => {
    expect(stateAfter('more-asked', 'approve')).toBeUndefined()
    for (const state of states.filter((one) => one !== 'more-asked'))
      expect(stateAfter(state, 'answer')).toBeUndefined()
  })
})

describe('two reviewers', () => {
  it('approve together, in either order; one alone never does, however often', () => {
    expect(judged(fresh, { action: 'approve', by: 'a', seen: 1, linked: false })).toEqual({
      state: 'approved-once',
    })
    const once = { ...fresh, state: 'approved-once', approvedBy: 'a' } as const
    expect(judged(once, { action: 'approve', by: 'b', seen: 1, linked: false })).toEqual({
      state: 'approved',
    })
    expect(judged(once, { action: 'approve', by: 'a', seen: 1, linked: false })).toEqual({
      refused: 'same-reviewer',
    })
  })

  it('one refusal is enough, also by whoever approved before', () => {
    const once = { ...fresh, state: 'approved-once', approvedBy: 'a' } as const
    for (const by of ['a', 'b'])
      expect(judged(once, { action: 'refuse', by, seen: 1, linked: false })).toEqual({ state: 'refused' })
  })

  it('decide about what they have seen, and about nothing that came afterwards', () => {
    const more = { ...fresh, state: 'answered', evidence: 2 } as const
    expect(judged(more, { action: 'approve', by: 'a', seen: 1, linked: false })).toEqual({
      refused: 'changed',
    })
    expect(judged(more, { action: 'refuse', by: 'a', seen: 1, linked: false })).toEqual({
      refused: 'changed',
    })
    expect(judged(more, { action: 'ask', by: 'a', seen: 1, linked: false })).toEqual({ state: 'more-asked' })
  })

  it('decide nothing before the owner was told, and nothing about a case of nobody', () => {
    for (const queue of ['new', 'nobody'] as const)
      expect(judged({ ...fresh, queue }, { action: 'approve', by: 'a', seen: 1, linked: false })).toEqual({
        refused: 'not-now',
      })
  })

  it('whatever is done in whatever order: approved means that two different people approved what was there at the end', () => {
    const step = fc.record({
      action: fc.constantFrom<CaseAction>(...actions),
      by: fc.constantFrom('a', 'b', 'c'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let one: Parameters<typeof judged>[0] = fresh
        let approvals: { by: string; evidence: number }[] = []
        for (const { action, by } of steps) {
          if (action === 'answer' || action === 'expire' || action === 'withdraw') {
            const state = stateAfter(one.state, action)
            if (state !== undefined)
              one = { ...one, state, evidence: one.evidence + (action === 'answer' ? 1 : 0) }
            continue
          }
          const verdict = judged(one, {
            action: action as Review['action'],
            by,
            seen: one.evidence,
            linked: false,
          })
          if (!('state' in verdict)) continue
          if (action === 'ask') approvals = []
          if (action === 'approve') approvals.push({ by, evidence: one.evidence })
          const { approvedBy: _, ...rest } = one
          one = { ...rest, state: verdict.state, ...(action === 'approve' ? { approvedBy: by } : {}) }
        }
        if (one.state !== 'approved') return
        expect(new Set(approvals.map(({ by }) => by)).size).toBe(2)
        expect(approvals.every(({ evidence }) => evidence === one.evidence)).toBe(true)
      }),
    )
  })
})
