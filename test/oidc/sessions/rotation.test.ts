import { expect, it } from 'vitest'
import { acrOf } from '../../../src/domain/assurance.ts'
import { createClock } from '../../support/clock.ts'
import { eachStore } from '../../support/stores.ts'
import {
  ask,
  authorizationUrl,
  authorize,
  browser,
  exchange,
  signedIn,
  userinfo,
} from '../support/application.ts'
import { useNodes } from '../support/nodes.ts'

const cookie = '127.0.0.1 / signet-session'

eachStore((_, open) => {
  const nodes = useNodes(open)

  it('two applications opened at once both get in', async () => {
    const [one, two] = await nodes(2)
    const { visitor } = await signedIn(one.issuer, { client_id: 'other' })
    for (let round = 0; round < 5; round++) {
      const [app, other] = await Promise.all([
        ask(visitor, one.issuer, { prompt: 'none', scope: `openid${round % 2 ? ' email' : ''}` }),
        ask(visitor, two.issuer, { prompt: 'none', client_id: 'other' }),
      ])
      const tokens = await Promise.all([
        exchange(one.issuer, app.code),
        exchange(two.issuer, other.code, 'other'),
      ])
      expect(tokens.map(({ status }) => status)).toEqual([200, 200])
      for (const { access_token } of tokens) expect(await userinfo(one.issuer, access_token)).toBe(200)
    }
    expect((await one.registry.list('ana'))[0]?.clientIds.toSorted()).toEqual(['app', 'other'])
  })

  it.each([2, 8, 32])('%i tabs of one application opened at once all get in, with one sid', async (tabs) => {
    const [one, two] = await nodes(2)
    const { visitor } = await signedIn(one.issuer, { client_id: 'other' })
    const claims = JSON.stringify({ id_token: { sid: { essential: true } } })
    const gates = [one.hold('it', tabs / 2), two.hold('it', tabs / 2)]
    const asked = Array.from({ length: tabs }, (_, index) =>
      ask(visitor, index % 2 ? one.issuer : two.issuer, { prompt: 'none', claims }, { 'x-hold-read': 'it' }),
    )
    await Promise.all(gates.map(({ reached }) => reached))
    for (const gate of gates) gate.release()
    const answers = await Promise.all(asked)
    const tokens = await Promise.all(answers.map(({ code }) => exchange(one.issuer, code)))
    expect(tokens.map(({ status }) => status)).toEqual(Array(tabs).fill(200))
    expect(await userinfo(one.issuer, tokens[0]?.access_token)).toBe(200)
    expect(await userinfo(one.issuer, tokens.at(-1)?.access_token)).toBe(200)
  })

  it('S29: signing in and stepping up each make a new session id, and the old one is worth nothing', async () => {
    const [{ issuer }] = await nodes(1)
    const { visitor } = await signedIn(issuer, {}, { accountId: 'ana', acr: acrOf('single-factor') })
    const before = visitor.cookies.get(cookie)
    const signature = visitor.cookies.get(`${cookie}.sig`)
    await authorize(visitor, issuer, { prompt: 'login' })
    expect(visitor.cookies.get(cookie)).not.toBe(before)
    const thief = browser()
    thief.cookies.set(cookie, before ?? '').set(`${cookie}.sig`, signature ?? '')
    expect(await ask(thief, issuer, { prompt: 'none' })).toMatchObject({ error: 'login_required' })
    expect(await ask(visitor, issuer, { prompt: 'none' })).toMatchObject({ error: '' })
  })

  it('S29: a session id planted before the sign-in does not carry it', async () => {
    const [{ issuer }] = await nodes(1)
    const visitor = browser()
    // An anonymous session, as the sign-out page makes one.
    await visitor.send(new URL('/session/end', issuer))
    const planted = new Map(visitor.cookies)
    expect(planted.has(cookie)).toBe(true)
    await authorize(visitor, issuer)
    const attacker = browser()
    for (const [name, value] of planted) attacker.cookies.set(name, value)
    expect(await ask(attacker, issuer, { prompt: 'none' })).toMatchObject({ error: 'login_required' })
  })

  it('a request with the id before a rotation still works for some seconds, unless somebody signed in', async () => {
    const clock = createClock()
    const [{ sessions }] = await nodes(1, { clock: clock.now })
    const loginTs = Math.floor(clock.now() / 1000)
    const first = await sessions.write({ uid: 'u'.repeat(43), jti: 'first', accountId: 'ana', loginTs })
    if (first.status !== 'saved') throw new Error('not saved')
    const second = await sessions.write({ ...first.session.payload, jti: 'second' }, first.session)
    if (second.status !== 'saved') throw new Error('not saved')
    expect((await sessions.byId('first'))?.payload.jti).toBe('second')
    expect((await sessions.byId('second'))?.payload.uid).toBe('u'.repeat(43))
    const stepUp = { ...second.session.payload, jti: 'third', loginTs: loginTs + 1 }
    await sessions.write(stepUp, second.session, {})
    expect(await sessions.byId('first')).toBeUndefined()
    expect(await sessions.byId('second')).toBeUndefined()
    expect((await sessions.byId('third'))?.payload.loginTs).toBe(loginTs + 1)
  })

  it('forgets the id before a rotation after some seconds', async () => {
    const clock = createClock()
    const [{ sessions }] = await nodes(1, { clock: clock.now })
    const loginTs = Math.floor(clock.now() / 1000)
    const first = await sessions.write({ uid: 'u'.repeat(43), jti: 'first', accountId: 'ana', loginTs })
    if (first.status !== 'saved') throw new Error('not saved')
    await sessions.write({ ...first.session.payload, jti: 'second' }, first.session)
    clock.advance(11_000)
    expect(await sessions.byId('first')).toBeUndefined()
  })

  it('a save in flight undoes neither a step-up nor a rotation', async () => {
    const [one, two] = await nodes(2)
    const { visitor } = await signedIn(one.issuer, {}, { accountId: 'ana', acr: acrOf('single-factor') })
    const gate = two.hold('it')
    const inFlight = visitor.send(authorizationUrl(two.issuer, { prompt: 'none', client_id: 'other' }), {
      headers: { 'x-hold-read': 'it' },
    })
    await gate.reached
    const strong = JSON.stringify({ accountId: 'ana', acr: acrOf('two-factor'), remember: false })
    await stepUp(visitor, one.issuer, strong)
    const after = visitor.cookies.get(cookie)
    gate.release()
    const late = await inFlight
    expect(late.headers.getSetCookie().filter((line) => line.startsWith('signet-session'))).toEqual([])
    expect(visitor.cookies.get(cookie)).toBe(after)
    const [session] = await one.registry.list('ana')
    expect(session?.acr).toBe(acrOf('two-factor'))
    expect(session?.clientIds.toSorted()).toEqual(['app', 'other'])
    expect(await ask(visitor, one.issuer, { prompt: 'none' })).toMatchObject({ error: '' })
  })

  it('remembers where the person signed in', async () => {
    const [{ issuer, registry }] = await nodes(1)
    await signedIn(issuer, {}, { accountId: 'ana', acr: acrOf('single-factor'), amr: ['pwd'] })
    const [session] = await registry.list('ana')
    expect(session).toMatchObject({
      userAgent: 'Test/1',
      address: '127.0.0.1',
      amr: ['pwd'],
      clientIds: ['app'],
    })
    await registry.noteVisit(session?.uid ?? '', { userAgent: 'Other/2' })
    expect((await registry.list('ana'))[0]?.userAgent).toBe('Other/2')
  })
})

async function stepUp(visitor: ReturnType<typeof browser>, issuer: string, signIn: string): Promise<void> {
  let url = authorizationUrl(issuer, { prompt: 'login' })
  for (let hops = 0; hops < 5; hops++) {
    const response = await visitor.send(url, { headers: { 'x-sign-in': signIn } })
    const next = new URL(response.headers.get('location') ?? '', url)
    if (!next.href.startsWith(issuer)) return
    url = next.href
  }
}
