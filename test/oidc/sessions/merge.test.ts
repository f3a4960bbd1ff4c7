import { describe, expect, it } from 'vitest'
import { acrOf } from '../../../src/domain/assurance.ts'
import { mergeSession, type SessionPayload } from '../../../src/oidc/session-merge.ts'

const base = { jti: 'one', uid: 'uid', accountId: 'ana' }
const signIn = (loginTs: number, level: 'single-factor' | 'two-factor'): SessionPayload => ({
  ...base,
  loginTs,
  acr: acrOf(level),
  amr: level === 'single-factor' ? ['pwd'] : ['mfa', 'otp', 'pwd'],
})
const before = signIn(100, 'single-factor')
const strong = signIn(200, 'two-factor')

describe('of two sign-ins at once', () => {
  it('S29: the later one counts, whole: its time does not vouch for what the other proved', () => {
    expect(mergeSession(before, signIn(201, 'single-factor'), strong)).toEqual(signIn(201, 'single-factor'))
    expect(mergeSession(before, strong, signIn(201, 'single-factor'))).toEqual(signIn(201, 'single-factor'))
  })

  it('S29: an earlier one does not undo a later step-up', () => {
    expect(mergeSession(before, signIn(199, 'single-factor'), strong)).toEqual(strong)
  })

  it('S29: a request that signs nobody in leaves a step-up as it is', () => {
    expect(mergeSession(before, before, strong)).toEqual(strong)
    expect(mergeSession(before, strong, before)).toEqual(strong)
  })
})
