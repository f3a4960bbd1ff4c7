import { describe, expect, it } from 'vitest'
import {
  displayName,
  type Identity,
  type IdentityAction,
  type IdentityState,
  lifecycle,
  mailAddress,
  may,
} from '../../src/domain/identity.ts'

const states = Object.keys(lifecycle) as IdentityState[]

describe('the lifecycle of an identity', () => {
  it('lets only active identities sign in, hold tokens and recover', () => {
    for (const action of ['sign-in', 'hold-tokens', 'recover'] satisfies IdentityAction[])
      expect(states.filter((state) => may({ state }, action))).toEqual(['active'])
  })

  it('lets nobody leave deletion, and everybody reach it', () => {
    expect(lifecycle.deleted).toEqual({})
    expect(states.filter((state) => !may({ state }, 'delete'))).toEqual(['deleted'])
  })

  it('accepts an invitation once', () => {
    expect(states.filter((state) => may({ state }, 'accept-invitation'))).toEqual(['invited'])
    expect(lifecycle.invited['accept-invitation']).toBe('active')
  })

  it('restores what was suspended or disabled, and nothing else', () => {
    expect(states.filter((state) => may({ state }, 'restore'))).toEqual(['suspended', 'disabled'])
  })
})

describe('how a person is named and reached', () => {
  const email = (value: string, verifiedAt?: number) =>
    ({ kind: 'email', value, written: value, ...(verifiedAt === undefined ? {} : { verifiedAt }) }) as const
  const identity = (parts: Partial<Identity>) =>
    ({ id: 'x', identifiers: [], claims: {}, ...parts }) as unknown as Identity

  it('prefers the proved address', () => {
    const both = identity({ identifiers: [email('old@example.com'), email('new@example.com', 1)] })
    expect(mailAddress(both)?.value).toBe('new@example.com')
    expect(mailAddress(identity({ identifiers: [email('old@example.com')] }))?.value).toBe('old@example.com')
    expect(mailAddress(identity({}))).toBeUndefined()
  })

  it('prefers the name, then what the person signs in with', () => {
    expect(
      displayName(identity({ claims: { name: 'Ana Lima' }, identifiers: [email('a@example.com')] })),
    ).toBe('Ana Lima')
    expect(displayName(identity({ identifiers: [email('a@example.com')] }))).toBe('a@example.com')
    expect(displayName(identity({}))).toBe('x')
  })
})
