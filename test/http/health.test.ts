import { describe, expect, it } from 'vitest'
import type { AppDependencies } from '../../src/http/dependencies.ts'
import { healthRoutes } from '../../src/http/health.ts'
import { openSignet, send, serve } from './support/server.ts'

describe('health', () => {
  it('is live and ready once the server answers', async () => {
    const { issuer } = await openSignet()
    const [live, ready] = [
      await send(issuer, { path: '/health/live' }),
      await send(issuer, { path: '/health/ready' }),
    ]
    expect([live.status, JSON.parse(live.body)]).toEqual([200, { status: 'live' }])
    expect([ready.status, JSON.parse(ready.body)]).toMatchObject([200, { status: 'ready', storage: 'up' }])
  })

  it('F5: is live but not ready without its store, or without another thing that it needs', async () => {
    const gone = { ping: () => Promise.reject(new Error('gone')) }
    const there = { ping: async () => {} }
    expect(await readiness({ store: gone })).toMatchObject({ status: 503, storage: 'down' })
    expect(await readiness({ store: there, health: { queue: () => false } })).toMatchObject({
      status: 503,
      storage: 'up',
      queue: 'down',
    })
    expect(await readiness({ store: there, health: { queue: () => true } })).toMatchObject({
      status: 200,
      queue: 'up',
    })
  })
})

async function readiness(deps: Partial<AppDependencies>) {
  const route = healthRoutes(deps as AppDependencies).find(({ path }) => path === '/health/ready')
  const { url } = await serve([(ctx) => route?.handle(ctx)], () => undefined)
  const answer = await send(url)
  return { ...JSON.parse(answer.body), status: answer.status }
}
