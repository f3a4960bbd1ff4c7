import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assess, type Proof, reaches } from '../../../src/domain/assurance.ts'
import type { Authentication, Requirement } from '../../../src/domain/authentication.ts'
import type { Identity } from '../../../src/domain/identity.ts'
import { recoveryStep } from '../../../src/domain/recovery-step.ts'
import type { EnrolledWay, FactorSummary } from '../../../src/domain/ways.ts'

const requirement: Requirement = { level: 'two-factor', essential: true, recovery: true }
const person: Identity = {
  id: 'ada',
  version: 1,
  state: 'active',
  identifiers: [],
  claims: {},
  groups: [],
  roles: [],
  createdAt: 0,
  updatedAt: 0,
}

const password: FactorSummary = {
  name: 'word',
  categories: ['knowledge'],
  amr: ['pwd'],
  first: true,
  enrollable: true,
}
const code: FactorSummary = { ...password, name: 'code', categories: ['possession'], first: false }
const mail: FactorSummary = { ...code, name: 'mail', channel: 'email', first: true, enrollable: false }
const paper: FactorSummary = { ...code, name: 'paper', standIn: true, recovery: 'first' }
const friends: FactorSummary = { ...code, name: 'friends', recovery: 'only', enrollable: false }
const factors = [password, code, mail, paper, friends]

const way = ({ name, standIn, categories, amr, channel }: FactorSummary): EnrolledWay => ({
  factor: name,
  categories,
  amr,
  credentialId: `${name} 1`,
  since: 1,
  ...(standIn ? { standIn } : {}),
  ...(channel === undefined ? {} : { channel }),
  ...(name === 'mail' ? { implied: true } : {}),
  ...(name === 'friends' ? { held: true } : {}),
})
const proofBy = (factor: FactorSummary): Proof => ({ ...way(factor), at: 5 })

function step(
  proofs: readonly Proof[],
  enrolled: readonly EnrolledWay[],
  more: Partial<Authentication> = {},
) {
  const process: Authentication = {
    id: 'p',
    version: 1,
    browser: 'b',
    expiresAt: 1_000,
    requirement,
    identifier: 'ada@example.com',
    proofs,
    challenges: {},
    ...(proofs.length === 0 ? {} : { identityId: 'ada' }),
    ...more,
  }
  return recoveryStep(process, { identity: person, enrolled }, factors, 10)
}

describe('what a recovery needs next', () => {
  it('asks who one is, and then the same ways of everybody: codes on paper too, never what is for later (S32)', () => {
    const { identifier: _, ...unnamed } = { identifier: '' }
    expect(step([], [], { ...unnamed, identifier: undefined as never }).kind).toBe('identify')
    const nobodys = step([], [])
    expect(nobodys).toMatchObject({ kind: 'prove', oneOf: ['word', 'mail', 'paper'] })
    expect(step([], factors.map(way))).toEqual(nobodys)
  })

  it('offers everything that helps: what comes with an address, what stands in, what is only for recoveries', () => {
    const enrolled = factors.map(way)
    expect(step([proofBy(password)], enrolled)).toMatchObject({
      kind: 'prove',
      oneOf: ['code', 'mail', 'paper', 'friends'],
      why: 'level',
    })
    expect(step([proofBy(mail)], enrolled)).toMatchObject({ kind: 'prove', oneOf: ['word'] })
  })

  it('S44: contacts with a code by mail never reach two factors, nor does anything of one kind', () => {
    const enrolled = [mail, friends, paper].map(way)
    expect(step([proofBy(mail)], enrolled)).toMatchObject({ kind: 'refused', reason: 'unreachable' })
    expect(step([proofBy(mail), proofBy(friends)], enrolled)).toMatchObject({ reason: 'unreachable' })
  })

  it('S44: a password that was set by mail is no second factor beside a code by mail', () => {
    const reset = { ...proofBy(password), channel: 'email' } as const
    const enrolled = [{ ...way(password), channel: 'email' as const }, way(mail)]
    expect(step([reset], enrolled)).toMatchObject({ reason: 'unreachable' })
  })

  it('is done at two factors; a trusted device excuses from nothing', () => {
    const enrolled = [password, mail].map(way)
    expect(step([proofBy(password), proofBy(mail)], enrolled).kind).toBe('done')
    const trusted = { observed: { signals: [], trustedUntil: 999 } }
    expect(step([proofBy(password)], enrolled, trusted).kind).toBe('prove')
  })

  it('S39: whoever may not recover gets nowhere, nor does a proof whose credential changed', () => {
    const proofs = [proofBy(password), proofBy(mail)]
    const process = { id: 'p', version: 1, browser: 'b', expiresAt: 99, requirement, challenges: {} }
    const suspended = { ...person, state: 'suspended' as const }
    const at = { ...process, identifier: 'a', identityId: 'ada', proofs }
    const situation = { identity: suspended, enrolled: [password, mail].map(way) }
    expect(recoveryStep(at, situation, factors, 10)).toMatchObject({ reason: 'not-allowed' })
    const replaced = [{ ...way(password), since: 7 }, way(mail)]
    expect(step(proofs, replaced)).toMatchObject({ reason: 'expired' })
  })

  it('S44: no set of proofs is done that is not two factors, and none of them asks for what cannot help', () => {
    const some = fc.uniqueArray(fc.constantFrom(...factors), { selector: ({ name }) => name })
    fc.assert(
      fc.property(some, some, (given, more) => {
        const enrolled = [...new Set([...given, ...more])].map(way)
        const next = step(given.map(proofBy), enrolled)
        const reached = assess(given.map(proofBy)).level
        expect(next.kind === 'done').toBe(reaches(reached, 'two-factor'))
        expect(next.kind).not.toBe('enrol')
        if (next.kind === 'prove' && given.length > 0)
          for (const name of next.oneOf) expect(enrolled.some(({ factor }) => factor === name)).toBe(true)
      }),
    )
  })
})

describe('a ceiling', () => {
  const passkey: Proof = {
    factor: 'key',
    categories: ['possession', 'inherence'],
    amr: ['swk'],
    phishingResistant: true,
    hardwareBound: true,
    at: 5,
  }

  it('S44: a proof is worth no more than what its credential was set on the strength of', () => {
    expect(assess([passkey]).level).toBe('hardware-bound')
    expect(assess([{ ...passkey, ceiling: 'phishing-resistant' }]).level).toBe('phishing-resistant')
    expect(assess([{ ...passkey, ceiling: 'two-factor' }]).level).toBe('two-factor')
    expect(assess([{ ...passkey, ceiling: 'single-factor' }]).level).toBe('single-factor')
  })

  it('S44: takes nothing from what else is proved', () => {
    const other = { ...passkey, factor: 'other' }
    expect(assess([{ ...passkey, ceiling: 'two-factor' }, other]).level).toBe('hardware-bound')
  })
})
