import { expect, it } from 'vitest'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

eachStore((_, __, fresh) => {
  const start = useSignet(fresh)

  it('S31: other origins that may use our keys are published where browsers look, and only if there are any', async () => {
    const related = 'https://id.example.org'
    const some = await start({ env: { SIGNET_WEBAUTHN__RELATED_ORIGINS: `[${related}]` } })
    const answer = await fetch(`${some.issuer}/.well-known/webauthn`)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json\b/)
    expect(await answer.json()).toEqual({ origins: [related] })

    const none = await start()
    expect((await fetch(`${none.issuer}/.well-known/webauthn`)).status).toBe(404)
  })
})
