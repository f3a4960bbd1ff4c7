import { expect, it } from 'vitest'
import { createClock } from '../../support/clock.ts'
import { eachStore } from '../../support/stores.ts'
import { refresh, signedIn, userinfo } from '../support/application.ts'
import { useNodes } from '../support/nodes.ts'

eachStore((_, open) => {
  const nodes = useNodes(open)

  it.each([2, 8, 32])(
    'S8 F3: %i racers over two instances get one successor, the same for all',
    async (racers) => {
      const [one, two] = await nodes(2)
      const { tokens } = await signedIn(one.issuer)
      let current = tokens.refresh_token
      for (let round = 0; round < 3; round++) {
        const answers = await Promise.all(
          Array.from({ length: racers }, (_, index) => refresh(index % 2 ? one.issuer : two.issuer, current)),
        )
        expect(answers.map(({ status }) => status)).toEqual(Array(racers).fill(200))
        const successors = new Set(answers.map(({ refresh_token }) => refresh_token))
        expect(successors.size).toBe(1)
        expect(new Set(answers.map(({ access_token }) => access_token)).size).toBe(racers)
        expect(successors.has(current)).toBe(false)
        current = answers[0]?.refresh_token ?? ''
      }
      expect(one.reused.concat(two.reused)).toEqual([])
    },
  )

  it('S8: a retry within the window gets the same successor and a working access token', async () => {
    const clock = createClock()
    const [{ issuer }] = await nodes(1, { clock: clock.now })
    const { tokens } = await signedIn(issuer)
    const first = await refresh(issuer, tokens.refresh_token)
    clock.advance(9_000)
    const retry = await refresh(issuer, tokens.refresh_token)
    expect(retry.refresh_token).toBe(first.refresh_token)
    expect(retry.access_token).not.toBe(first.access_token)
    expect(await userinfo(issuer, retry.access_token)).toBe(200)
    expect((await refresh(issuer, retry.refresh_token)).status).toBe(200)
  })

  it('S8: a use after the successor was used ends the family and is reported once', async () => {
    const [node] = await nodes(1)
    const { issuer, reused } = node
    const { tokens } = await signedIn(issuer)
    const first = await refresh(issuer, tokens.refresh_token)
    const second = await refresh(issuer, first.refresh_token)
    const stolen = await refresh(issuer, tokens.refresh_token)
    expect(stolen).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect((await refresh(issuer, second.refresh_token)).status).toBe(400)
    expect(await userinfo(issuer, second.access_token)).toBe(401)
    expect(await userinfo(issuer, tokens.access_token)).toBe(401)
    await refresh(issuer, tokens.refresh_token)
    expect(reused).toHaveLength(1)
    expect(reused[0]).toMatchObject({ accountId: 'ana', clientId: 'app' })
  })

  it('S8: a use after the window ends the family, used successor or not', async () => {
    const clock = createClock()
    const [{ issuer, reused }] = await nodes(1, { clock: clock.now })
    const { tokens } = await signedIn(issuer)
    const first = await refresh(issuer, tokens.refresh_token)
    clock.advance(11_000)
    expect((await refresh(issuer, tokens.refresh_token)).status).toBe(400)
    expect((await refresh(issuer, first.refresh_token)).status).toBe(400)
    expect(reused).toHaveLength(1)
  })

  it('S8 F8: a clock that is set back does not stretch the window', async () => {
    const clock = createClock()
    const [{ issuer }] = await nodes(1, { clock: clock.now })
    const { tokens } = await signedIn(issuer)
    await refresh(issuer, tokens.refresh_token)
    clock.advance(-60_000)
    expect((await refresh(issuer, tokens.refresh_token)).status).toBe(400)
  })

  it('S8: with no window the second use ends the family', async () => {
    const [one, two] = await nodes(2, { settings: { refresh_retry_window: 0 } })
    const { tokens } = await signedIn(one.issuer)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        refresh(index % 2 ? one.issuer : two.issuer, tokens.refresh_token),
      ),
    )
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners).toHaveLength(1)
    expect((await refresh(one.issuer, winners[0]?.refresh_token)).status).toBe(400)
    expect(one.reused.concat(two.reused)).toHaveLength(1)
  })

  it('S8: a retry while the successor is being used gets no second family', async () => {
    const [one, two] = await nodes(2)
    const { tokens } = await signedIn(one.issuer)
    const first = await refresh(one.issuer, tokens.refresh_token)
    const [next, retry] = await Promise.all([
      refresh(one.issuer, first.refresh_token),
      refresh(two.issuer, tokens.refresh_token),
    ])
    if (retry.status === 200) expect(retry.refresh_token).toBe(first.refresh_token)
    else expect((await refresh(one.issuer, next.refresh_token)).status).toBe(400)
  })

  it('S8: a used refresh token is inactive everywhere but in a retry', async () => {
    const [{ issuer }] = await nodes(1)
    const { tokens } = await signedIn(issuer)
    await refresh(issuer, tokens.refresh_token)
    const response = await fetch(new URL('/token/introspection', issuer), {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'app', token: tokens.refresh_token }),
    })
    expect(await response.json()).toEqual({ active: false })
  })

  it('F1: when the process died between spending and answering, the retry is served', async () => {
    const [node] = await nodes(1)
    const { tokens } = await signedIn(node.issuer)
    const { artifacts } = nodes.store()
    const spent = await artifacts.page({ prefix: 'RefreshToken:', limit: 10 })
    const row = spent.items[0]
    if (row === undefined) throw new Error('no refresh token is stored')
    expect(await artifacts.replace({ ...row, consumedAt: Date.now() })).toBe(true)
    const retry = await refresh(node.issuer, tokens.refresh_token)
    expect(retry.status).toBe(200)
    expect((await refresh(node.issuer, retry.refresh_token)).status).toBe(200)
  })
})
