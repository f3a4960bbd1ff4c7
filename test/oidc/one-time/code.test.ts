import { expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import {
  authorizationUrl,
  authorize,
  browser,
  exchange,
  refresh,
  signedIn,
  token,
  userinfo,
} from '../support/application.ts'
import { useNodes } from '../support/nodes.ts'

eachStore((_, open) => {
  const nodes = useNodes(open)

  it.each([2, 8, 32])(
    'S2 F3: of %i racers over two instances exactly one exchanges a code',
    async (racers) => {
      const [one, two] = await nodes(2)
      for (let round = 0; round < 3; round++) {
        const { code } = await authorize(browser(), one.issuer)
        const answers = await Promise.all(
          Array.from({ length: racers }, (_, index) => exchange(index % 2 ? one.issuer : two.issuer, code)),
        )
        const statuses = answers.map(({ status }) => status)
        expect(statuses.filter((status) => status === 200)).toHaveLength(1)
        expect(answers.filter(({ error }) => error === 'invalid_grant')).toHaveLength(racers - 1)
        // Who came second cannot be told from a thief: what the winner got is dead.
        const winner = answers.find(({ status }) => status === 200)
        expect(await userinfo(one.issuer, winner?.access_token)).toBe(401)
      }
    },
  )

  it('S2: a code that comes twice ends what the first use issued', async () => {
    const [{ issuer }] = await nodes(1)
    const { code, tokens } = await signedIn(issuer)
    expect(await userinfo(issuer, tokens.access_token)).toBe(200)
    expect(await exchange(issuer, code)).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect(await userinfo(issuer, tokens.access_token)).toBe(401)
    expect(await refresh(issuer, tokens.refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  it.each(['read', 'issue'])(
    'S2: a replayed code ends what a refresh in flight gets (held at: %s)',
    async (moment) => {
      const [one, two] = await nodes(2)
      const { code, tokens } = await signedIn(one.issuer)
      const gate = two.hold('it')
      const held = refresh(two.issuer, tokens.refresh_token, 'app', { [`x-hold-${moment}`]: 'it' })
      await gate.reached
      await exchange(one.issuer, code)
      gate.release()
      const late = await held
      expect(late.status).toBe(moment === 'read' ? 400 : 200)
      expect(await userinfo(one.issuer, late.access_token ?? 'none')).toBe(401)
      expect((await refresh(one.issuer, late.refresh_token)).status).toBe(400)
    },
  )

  it('S2: the loser of a race ends what the winner is about to store', async () => {
    const [one, two] = await nodes(2)
    const { code } = await authorize(browser(), one.issuer)
    const gate = one.hold('it')
    const winner = exchange(one.issuer, code, 'app', { 'x-hold-issue': 'it' })
    await gate.reached
    expect((await exchange(two.issuer, code)).status).toBe(400)
    gate.release()
    expect(await userinfo(two.issuer, (await winner).access_token)).toBe(401)
  })

  it('S2: the person decided nothing anew: after a replay the next sign-in works', async () => {
    const [{ issuer }] = await nodes(1)
    const { code, visitor } = await signedIn(issuer)
    await exchange(issuer, code)
    const again = await authorize(visitor, issuer)
    const tokens = await exchange(issuer, again.code)
    expect(tokens.status).toBe(200)
    expect(await userinfo(issuer, tokens.access_token)).toBe(200)
  })

  it('S10: of 8 that finish the same pushed request exactly one gets a code', async () => {
    const [one, two] = await nodes(2)
    const { visitor } = await signedIn(one.issuer)
    const response = await fetch(new URL('/request', one.issuer), {
      method: 'POST',
      body: new URL(authorizationUrl(one.issuer)).searchParams,
    })
    const { request_uri } = (await response.json()) as { request_uri: string }
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const url = new URL('/auth', index % 2 ? one.issuer : two.issuer)
        url.search = new URLSearchParams({ client_id: 'app', request_uri }).toString()
        const answer = await visitor.send(url)
        return new URL(answer.headers.get('location') ?? 'none:').searchParams
      }),
    )
    expect(answers.filter((found) => found.has('code'))).toHaveLength(1)
    const refused = answers.filter((found) => !found.has('code'))
    // Who came too late to ask at all gets a page; who was overtaken is sent back.
    const reasons = new Set(refused.map((found) => found.get('error') ?? 'page'))
    expect([...reasons].filter((reason) => reason !== 'page')).toEqual(['invalid_request_uri'])
  })

  it('answers a code that nobody issued as invalid', async () => {
    const [{ issuer }] = await nodes(1)
    const answer = await token(issuer, {
      grant_type: 'authorization_code',
      code: 'x'.repeat(43),
      client_id: 'app',
      redirect_uri: 'https://app.example/callback',
      code_verifier: 'x'.repeat(43),
    })
    expect(answer).toMatchObject({ status: 400, error: 'invalid_grant' })
  })
})
