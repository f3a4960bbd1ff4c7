import type { AdapterPayload } from 'oidc-provider'
import { expect, it } from 'vitest'
import { minute, second } from '../../../src/domain/time.ts'
import { createAdapterFactory } from '../../../src/oidc/adapter.ts'
import { createClock } from '../../support/clock.ts'
import { eachStore } from '../../support/stores.ts'
import { authorizationUrl, browser, signedIn } from '../support/application.ts'
import { useNodes } from '../support/nodes.ts'
import { digest, lifetimes, vault } from '../support/provider-server.ts'

const id = 'an-id-with-more-than-128-random-bits-in-it-4'

eachStore((_, open) => {
  const nodes = useNodes(open)

  async function begin() {
    const clock = createClock()
    const store = await open(clock.now)
    const adapterOf = createAdapterFactory({ store, vault, digest, clock: clock.now, settings: lifetimes })
    return { clock, store, adapterOf }
  }

  it('gives back what was saved, `jti` included, under a digest of the id', async () => {
    const { store, adapterOf } = await begin()
    const adapter = adapterOf('AccessToken')
    const payload: AdapterPayload = {
      jti: id,
      kind: 'AccessToken',
      accountId: 'ana',
      clientId: 'app',
      grantId: 'g',
    }
    await adapter.upsert(id, payload, 60)
    expect(await adapter.find(id)).toEqual(payload)
    const [row] = (await store.artifacts.page({ limit: 10 })).items
    expect(row?.id).toBe(`AccessToken:${digest(id)}`)
    expect(row).toMatchObject({ grantId: 'g' })
    expect(JSON.stringify(row)).not.toContain(id)
  })

  it('opens nothing under another id', async () => {
    const { store, adapterOf } = await begin()
    await adapterOf('AccessToken').upsert(id, { jti: id, accountId: 'ana' }, 60)
    const [row] = (await store.artifacts.page({ limit: 1 })).items
    if (row === undefined) throw new Error('nothing is stored')
    await store.artifacts.put({ ...row, id: `AccessToken:${digest('other')}` })
    await expect(adapterOf('AccessToken').find('other')).rejects.toThrow()
  })

  it('finds a device code by its user code, which is stored as a keyed hash, and gives its `jti` back', async () => {
    const { store, adapterOf } = await begin()
    const adapter = adapterOf('DeviceCode')
    await adapter.upsert(id, { jti: id, userCode: 'WDJB-MJHT' }, 60)
    expect(await adapter.findByUserCode('WDJB-MJHT')).toMatchObject({ jti: id })
    expect(await adapter.findByUserCode('WDJB-MJHU')).toBeUndefined()
    const [row] = (await store.artifacts.page({ limit: 1 })).items
    expect(JSON.stringify(row)).not.toContain('WDJB')
    expect(row?.userCode).not.toBe(digest('WDJB-MJHT'))
  })

  it('finds a session by its `uid`, and gives its `jti` back', async () => {
    const { adapterOf } = await begin()
    const adapter = adapterOf('Session')
    const loginTs = Math.floor(Date.now() / 1000)
    await adapter.upsert(id, { jti: id, uid: 'the-uid', kind: 'Session', accountId: 'ana', loginTs }, 60)
    expect(await adapter.findByUid('the-uid')).toMatchObject({ jti: id, accountId: 'ana' })
    await adapter.destroy(id)
    expect(await adapter.find(id)).toBeUndefined()
    expect(await adapter.findByUid('the-uid')).toMatchObject({ uid: 'the-uid' })
  })

  it('F3: lets exactly one of 32 consume', async () => {
    const { adapterOf } = await begin()
    const adapter = adapterOf('AuthorizationCode')
    await adapter.upsert(id, { jti: id, grantId: 'g' }, 60)
    const results = await Promise.allSettled(Array.from({ length: 32 }, () => adapter.consume(id)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await adapter.find(id)).toMatchObject({ consumed: expect.any(Number) })
  })

  it('never un-spends: a late save of a refresh token or device code changes nothing', async () => {
    const { adapterOf } = await begin()
    for (const model of ['RefreshToken', 'DeviceCode']) {
      const adapter = adapterOf(model)
      await adapter.upsert(id, { jti: id, scope: 'openid' }, 60)
      await adapter.consume(id)
      await adapter.upsert(id, { jti: id, scope: 'openid email' }, 60)
      expect(await adapter.find(id)).toMatchObject({ consumed: expect.any(Number), scope: 'openid' })
    }
  })

  it('a device code that waits for a person can be saved again', async () => {
    const { adapterOf } = await begin()
    const adapter = adapterOf('DeviceCode')
    await adapter.upsert(id, { jti: id }, 60)
    await adapter.upsert(id, { jti: id, accountId: 'ana' }, 60)
    expect(await adapter.find(id)).toMatchObject({ accountId: 'ana' })
  })

  it('ends a family in all its models, and nothing else', async () => {
    const { adapterOf } = await begin()
    for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'Interaction']) {
      await adapterOf(model).upsert(`${model}-${id}`, { jti: id, grantId: 'g' }, 60)
    }
    await adapterOf('AccessToken').upsert(id, { jti: id, grantId: 'other' }, 60)
    await adapterOf('AccessToken').revokeByGrantId('g')
    for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode']) {
      expect(await adapterOf(model).find(`${model}-${id}`)).toBeUndefined()
    }
    expect(await adapterOf('Interaction').find(`Interaction-${id}`)).toBeDefined()
    expect(await adapterOf('AccessToken').find(id)).toBeDefined()
  })

  it('keeps device codes and pushed requests readable after their end, other things not', async () => {
    const { adapterOf, clock } = await begin()
    const models = ['AccessToken', 'DeviceCode', 'PushedAuthorizationRequest']
    for (const model of models) await adapterOf(model).upsert(id, { jti: id }, 60)
    clock.advance(60 * second + 9 * minute)
    const found = await Promise.all(models.map((model) => adapterOf(model).find(id)))
    expect(found.map((payload) => payload !== undefined)).toEqual([false, true, true])
  })

  it('what is stored tells no id, code or token that was seen on the wire', async () => {
    const [{ issuer }] = await nodes(1)
    const { visitor, code, tokens } = await signedIn(issuer, {
      scope: 'openid email',
      state: 'a-state-that-is-secret',
    })
    const started = browser()
    const login = await started.send(
      authorizationUrl(issuer, { login_hint: 'ana@example.com', prompt: 'login' }),
    )
    const interaction = (login.headers.get('location') ?? '').split('/').at(-1) ?? ''
    // A second one, which carries the session's cookie in the library's payload.
    await visitor.send(authorizationUrl(issuer, { prompt: 'login' }))
    const store = nodes.store()
    const rows = await Promise.all(
      [store.artifacts, store.sessions, store.keys].map((collection) => collection.page({ limit: 1_000 })),
    )
    const text = JSON.stringify(rows)
    const cookies = [...visitor.cookies.values()].map((value) => value.split('.')[0] ?? value)
    const secrets = [
      code,
      tokens.access_token,
      tokens.refresh_token,
      interaction,
      ...cookies,
      'ana@example.com',
    ]
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(8)
      expect(text).not.toContain(secret)
    }
  })

  it('an Interaction does not keep the session cookie that the library puts into it', async () => {
    const { adapterOf } = await begin()
    const session = { accountId: 'ana', uid: 'u', cookie: 'the-cookie' }
    await adapterOf('Interaction').upsert(id, { jti: id, session } as AdapterPayload, 60)
    expect(await adapterOf('Interaction').find(id)).toMatchObject({ session: { accountId: 'ana', uid: 'u' } })
    expect(JSON.stringify(await adapterOf('Interaction').find(id))).not.toContain('the-cookie')
  })
})
