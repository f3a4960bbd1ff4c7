import { expect, it } from 'vitest'
import { minute } from '../../../src/domain/time.ts'
import { createFailureCount } from '../../../src/oidc/failure-count.ts'
import { createClock } from '../../support/clock.ts'

it('S42: the entry after a silence says how many failures it stands for, each client by itself', () => {
  const clock = createClock()
  const failuresOf = createFailureCount(clock.now)
  const many = (count: number) => Array.from({ length: count }, () => failuresOf('shop'))
  expect(many(12)).toEqual([...Array(10).fill(1), undefined, undefined])
  expect(failuresOf('other')).toBe(1)
  clock.advance(minute)
  expect(many(2)).toEqual([3, 1])
})
