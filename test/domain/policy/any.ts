/** Any person, process and level; and somebody who answers every step. */
import fc from 'fast-check'
import { type Channel, type Level, levels } from '../../../src/domain/assurance.ts'
import type { Authentication } from '../../../src/domain/authentication.ts'
import { type Deferred, nextStep, type Policy, type Situation } from '../../../src/domain/policy.ts'
import type { EnrolledWay } from '../../../src/domain/ways.ts'
import { bare, given, type Name, now, person, process, refused, way } from './world.ts'

export const anyName = fc.constantFrom<Name>('secret', 'app', 'mail', 'sms', 'key')
export const anyWay: fc.Arbitrary<EnrolledWay> = fc
  .record({
    name: anyName,
    id: fc.nat(3),
    channel: fc.constantFrom<Channel | undefined>(undefined, 'email'),
    implied: fc.boolean(),
    needsCompanion: fc.boolean(),
    standIn: fc.boolean(),
    spent: fc.boolean(),
  })
  .map(({ name, id, channel, implied, needsCompanion, standIn, spent }) =>
    way(name, {
      credentialId: `${name}${id}`,
      ...(channel === undefined ? {} : { channel }),
      ...(implied ? { implied } : {}),
      ...(needsCompanion && !implied ? { needsCompanion } : {}),
      ...(standIn && !implied && name !== 'secret' ? { standIn, ...(spent ? { spent } : {}) } : {}),
    }),
  )
export const anyWays = fc.uniqueArray(anyWay, { selector: (one) => one.credentialId, maxLength: 6 })
export const anyLevel = fc.constantFrom<Level>(...levels)
export const anySituation: fc.Arbitrary<Situation> = fc.record({
  identity: fc.constantFrom(undefined, person(), person('suspended'), person('invited')),
  enrolled: anyWays,
})
export const anyProcess = fc
  .record({
    identifier: fc.constantFrom(undefined, 'x'),
    factor: fc.constantFrom(undefined, 'secret', 'mail', 'app', 'nonsense'),
    level: anyLevel,
    essential: fc.boolean(),
    identityId: fc.constantFrom(undefined, 'ana', 'eve'),
  })
  .map(({ identifier, factor, level, essential, identityId }) =>
    process({
      requirement: { level, essential, ...(identityId === undefined ? {} : { identityId }) },
      ...(identifier === undefined ? {} : { identifier }),
      ...(factor === undefined ? {} : { factor }),
    }),
  )

/** Answers every step as an honest person would, until there is none; `pick` chooses among what is offered. With `deferred` what may wait does. */
export function walk(
  start: Authentication,
  enrolled: readonly EnrolledWay[],
  rules: Policy,
  pick: () => number,
  deferred?: Deferred,
) {
  let at: Authentication = { ...start, identifier: 'x' }
  let ways = [...enrolled]
  for (let turn = 0; turn < 20; turn += 1) {
    const situation = { identity: person(), enrolled: ways, ...(deferred === undefined ? {} : { deferred }) }
    const step = bare(nextStep(at, situation, rules, now))
    if (step.kind !== 'prove' && step.kind !== 'enrol') return { step, process: at, ways }
    if (deferred !== undefined && step.kind === 'enrol' && step.mayWait !== undefined) {
      at = { ...at, postponed: true }
      continue
    }
    const name = step.oneOf[pick() % step.oneOf.length] as Name
    if (step.kind === 'enrol') {
      const sole = new Set(at.proofs.map((one) => one.channel))
      const [channel] = sole.size === 1 ? [...sole] : []
      // What a mail may always replace keeps the channel that vouched for it.
      const kept = name === 'secret' && channel !== undefined ? { channel } : {}
      const fresh = way(name, { credentialId: `new ${name}`, since: now - 1_000, ...kept })
      ways = [...ways.filter((one) => one.factor !== name), fresh]
      const proofs = at.proofs.filter((one) => ways.some((left) => left.credentialId === one.credentialId))
      at = { ...at, proofs: [...proofs, given(fresh, channel === undefined ? {} : { channel })] }
      if (at.proofs.length === 0) return { step: refused('expired'), process: at, ways }
      continue
    }
    // Nobody gives for ever what did not help.
    const tried = new Set(at.proofs.map((one) => one.credentialId))
    const mine = ways.filter((one) => one.factor === name && !one.spent && !tried.has(one.credentialId))
    const used = mine[pick() % Math.max(1, mine.length)]
    if (used === undefined) return { step: refused('not-allowed'), process: at, ways }
    at = { ...at, proofs: [...at.proofs, given(used)] }
  }
  throw new Error('the process goes in circles')
}
