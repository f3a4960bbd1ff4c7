import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { challengeFor, parametersFor } from '../../examples/demo/step-up.ts'
import { acrValues } from '../../src/domain/assurance.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(resolve(root, name), 'utf8')
const markdown = read('docs/assurance.md')

test('docs/assurance.md names every level, and holds the code that the demo application runs', () => {
  for (const acr of acrValues({})) expect(markdown).toContain(`| \`${acr}\` |`)
  expect(markdown).toContain(`\`\`\`ts\n${read('examples/demo/step-up.ts')}\`\`\``)
})

describe('the code to copy', () => {
  const demand = { acr: ['two', 'three'], maxAge: 60 }
  const now = 1_000_000_000_000
  const recently = now / 1000 - 60
  const answer = (header: string, status = 401) =>
    new Response(null, { status, headers: { 'www-authenticate': header } })

  test('S18: an API accepts each value that it named, as long as the sign-in is recent', () => {
    for (const acr of demand.acr)
      expect(challengeFor({ acr, auth_time: recently }, demand, now)).toBeUndefined()
  })

  test('S18: an application gets back what the API asks for', () => {
    const weak = [
      { acr: 'one', auth_time: recently },
      { acr: 'two', auth_time: recently - 1 },
      { acr: 'two', auth_time: String(recently) },
      { acr: ['two'], auth_time: recently },
      { auth_time: recently },
      { acr: 'two' },
    ]
    for (const token of weak) {
      const challenge = challengeFor(token, demand, now) ?? ''
      expect(challenge).toMatch(/^Bearer error="insufficient_user_authentication", error_description="/)
      expect(parametersFor(answer(challenge))).toEqual({ acr_values: 'two three', max_age: '60' })
    }
  })

  test('an application reads the challenge of any API, and takes nothing else for one', () => {
    const asks = 'error="insufficient_user_authentication"'
    expect(parametersFor(answer(`DPoP algs="ES256", ${asks}, max_age=5`))).toEqual({ max_age: '5' })
    expect(
      parametersFor(answer(`Bearer realm="a \\"b\\", acr_values=x", ${asks}, acr_values="y z"`)),
    ).toEqual({
      acr_values: 'y z',
    })
    expect(parametersFor(answer(`Bearer ${asks}`, 403))).toBeUndefined()
    expect(parametersFor(answer('Bearer error="invalid_token", acr_values="x"'))).toBeUndefined()
    expect(parametersFor(new Response(null, { status: 401 }))).toBeUndefined()
  })
})
