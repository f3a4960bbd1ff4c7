/** People whose phone asks them: added from the portal and while signing in, answered, refused, lost; over HTTP as the app on the phone does it. */
import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { createClock } from '../support/clock.ts'
import { told } from '../support/objection.ts'
import { prove } from '../support/person.ts'
import { createPhone } from '../support/phone.ts'
import { ana, portal, usePush } from '../support/push.ts'
import { browser } from '../support/relying-party.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, words } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const {
    tell,
    send,
    invitationOn,
    numberOn,
    confirm,
    guestOn,
    followTo,
    town,
    withPhone,
    recover,
    wait,
    answer,
    arrived,
  } = usePush(fresh)

  it('is added in the portal: the code shows which phone came, and its owner says that it is theirs and is told', async () => {
    const { signet, visitor } = await withPhone()
    const list = await visitor.get(`${signet.issuer}/account/security`)
    expect(words(list)).toContain('Approve on your phone Blue phone')
    expect(words(list)).toContain('Turn on notifications in the app')
    expect((await signet.mail(ana)).text).toContain('confirmation on your device')
  })

  it('signs in: the page shows the number and goes on when it is loaded again', async () => {
    const { signet, party, phone } = await withPhone()
    const { visitor, page } = await wait(party)
    expect(words(page)).toContain('We sent a request to Blue phone')
    const asked = await tell(signet, phone, '/approve/requests')
    expect(asked.request).toMatchObject({ application: 'Orchard', address: expect.stringContaining('1') })
    expect(JSON.stringify(asked)).not.toContain(`"${numberOn(page)}"`)
    const state = async () => (await visitor.send(`${page.url}/waiting`)).json()
    expect(await state()).toEqual({ state: 'waiting' })
    const wrong = numberOn(page) === '10' ? '11' : '10'
    expect(await answer(signet, phone, 'allow', wrong)).toMatchObject({ status: 'mismatch', triesLeft: 2 })
    expect(await answer(signet, phone, 'allow', numberOn(page))).toMatchObject({ status: 'approved' })
    expect(await state()).toEqual({ state: 'answered' })
    expect(arrived(await visitor.get(page.url))).toBe(true)
  })

  it('is refused on the phone: the page says so, sends another when asked, and then goes on', async () => {
    const { signet, party, phone } = await withPhone()
    const { visitor, page } = await wait(party)
    await answer(signet, phone, 'deny')
    const refused = await visitor.get(page.url)
    expect([refused.status, words(refused).includes('Refused on your phone')]).toEqual([422, true])
    const reloaded = await visitor.get(page.url)
    expect([reloaded.status, words(reloaded).includes('Refused on your phone'), numberOn(reloaded)]).toEqual([
      200,
      true,
      '',
    ])
    const again = await visitor.submit(reloaded, {}, { name: 'factor', value: 'push' })
    await answer(signet, phone, 'allow', numberOn(again))
    expect(arrived(await visitor.press(again, `${page.url.pathname}/prove/push`))).toBe(true)
  })

  it('“this wasn’t me” ends the sign-in for that browser, tells the owner, and keeps further requests of strangers away', async () => {
    const { signet, party, phone, visitor: own } = await withPhone()
    const { visitor, page } = await wait(party)
    expect(await answer(signet, phone, 'disown')).toMatchObject({ status: 'disowned' })
    const stopped = await visitor.get(page.url)
    expect([stopped.status, words(stopped).includes('This sign-in was stopped')]).toEqual([403, true])
    expect(stopped.document.querySelector(`form[action="${page.url.pathname}/restart"]`)).toBeNull()
    const mail = await signet.mail(ana)
    expect(mail.subject).toContain('was stopped because you said it was not you')
    const next = await wait(party)
    expect(words(next.page)).toContain('Enough requests for now')
    expect(next.page.document.querySelector('.button.wide[type="submit"]')).toBeNull()
    // The owner's own browser still asks.
    for (const key of own.cookies.keys()) if (key.endsWith('signet-session')) own.cookies.delete(key)
    const mine = await wait(party, own)
    await answer(signet, phone, 'allow', numberOn(mine.page))
    expect(arrived(await own.get(mine.page.url))).toBe(true)
  })

  it('“this wasn’t me” comes in time for whoever got in by another way while the phone still asked', async () => {
    const { signet, party, phone } = await withPhone()
    const id = (await signet.house.identities.findByIdentifier('email', ana))?.id ?? ''
    const from = { address: '127.0.0.1', language: 'en' }
    const { ticket = '', show } = await signet.house.enrolments.begin(id, 'backup-code', from)
    await signet.house.enrolments.finish(id, 'backup-code', { ticket }, from)
    const { codes = [] } = (show ?? {}) as { codes?: string[] }
    const before = await signet.house.oidc.sessions.list(id)
    const { visitor, page } = await wait(party)
    const other = await visitor.submit(page, {}, { name: 'factor', value: 'backup-code' })
    expect(arrived(await visitor.submit(other, { code: codes[0] }))).toBe(true)
    expect(await signet.house.oidc.sessions.list(id)).toHaveLength(before.length + 1)

    expect(await answer(signet, phone, 'disown')).toMatchObject({ status: 'disowned' })
    const left = await signet.house.oidc.sessions.list(id)
    expect(left.map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid))
  })

  it('S30 S44: shows who gets back into the account; its “this wasn’t me” stops that for two reviewers, and cancels nothing', async () => {
    const { signet, phone } = await withPhone()
    const { id, recovery } = await recover(signet)
    const seen = await tell(signet, phone, '/approve/requests')
    expect(seen).not.toHaveProperty('identityId')
    expect(seen.recovery).toMatchObject({ id: recovery.id, state: 'waiting', due: recovery.dueAt })
    const eve = await createPhone(signet.issuer)
    const form = { recovery: recovery.id }
    expect((await tell(signet, eve, '/approve/objections', form)).status).toBe('unknown')
    const other = await tell(signet, phone, '/approve/objections', { recovery: 'another' })
    expect(other.status).toBe('gone')
    expect(await signet.house.recoveries.of(id)).toMatchObject({ state: 'waiting' })
    expect((await tell(signet, phone, '/approve/objections', form)).status).toBe('contested')
    expect(await signet.house.recoveries.of(id)).toMatchObject({ state: 'contested', contested: 'objection' })
    expect((await tell(signet, phone, '/approve/requests')).recovery).toMatchObject({ state: 'contested' })
    expect((await tell(signet, phone, '/approve/objections', form)).status).toBe('contested')
    await told(signet, ana, /was stopped/)
    // Two people have looked: no weak proof stops it any more.
    expect(await signet.house.recoveries.decide(recovery.id, 'approved')).toBe(true)
    expect((await tell(signet, phone, '/approve/requests')).recovery).toMatchObject({ state: 'reviewed' })
    expect((await tell(signet, phone, '/approve/objections', form)).status).toBe('gone')
    const { items } = await signet.house.audit.list({ identityId: id, limit: 100 })
    expect(items.filter(({ action }) => action === 'objection.raised')).toHaveLength(2)
  })

  it('S36: an answer needs no form of ours, and no other site can give one: it is signed, and copies of it are nothing', async () => {
    const { signet, party, phone } = await withPhone()
    const { page } = await wait(party)
    const { request } = await tell(signet, phone, '/approve/requests')
    const path = '/approve/answers'
    const form = { question: request?.id ?? '', decision: 'allow', number: numberOn(page) }
    const signed = await phone.sign(path, form)
    const post = (headers: Record<string, string>, body: object = { signed }) =>
      fetch(signet.issuer + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    expect((await post({ origin: 'https://evil.example.com' })).status).toBe(403)
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post({}, { signed: { $ne: '' } })).status).toBe(400)
    expect(await (await post({}, { ...form, signed: 'no' })).json()).toMatchObject({ status: 'unknown' })
    const elsewhere = await phone.sign(path, form, { claims: { htu: `https://other.example.com${path}` } })
    expect((await post({}, { signed: elsewhere })).status).toBe(400)
    const late = await phone.sign(path, form, { at: Date.now() - 5 * minute })
    expect(await (await post({}, { signed: late })).json()).toMatchObject({
      status: 'late',
      now: expect.any(Number),
    })
    expect(await (await post({})).json()).toMatchObject({ status: 'approved' })
    expect((await post({})).status).toBe(400)
  })

  it('that nobody answers expires; a lost phone is stood in for by another way, and removed', async () => {
    const clock = createClock()
    const { signet, party, phone } = await withPhone({ clock: clock.now })
    const id = (await signet.house.identities.findByIdentifier('email', ana))?.id ?? ''
    const { ticket = '', show } = await signet.house.enrolments.begin(id, 'backup-code', {
      address: '127.0.0.1',
      language: 'en',
    })
    await signet.house.enrolments.finish(
      id,
      'backup-code',
      { ticket },
      { address: '127.0.0.1', language: 'en' },
    )
    const { codes = [] } = (show ?? {}) as { codes?: string[] }
    const { visitor, page } = await wait(party)
    clock.advance(2 * minute)
    expect((await tell(signet, phone, '/approve/requests')).request).toBeUndefined()
    const late = await visitor.get(page.url)
    expect(words(late)).toContain('That took long')
    const other = await visitor.submit(late, {}, { name: 'factor', value: 'backup-code' })
    expect(arrived(await visitor.submit(other, { code: codes[0] }))).toBe(true)
    const back = await visitor.get(signet.issuer + portal)
    const edit = back.document.querySelector('a[aria-label^="Edit"]')?.getAttribute('href') ?? ''
    const removed = await visitor.press(await visitor.get(signet.issuer + edit), `${edit}/remove`)
    expect(removed.url.search).toBe('?done=removed')
    expect(await tell(signet, phone, '/approve/requests')).toMatchObject({ status: 'unknown' })
  })

  it('a newer request takes the place of the older one; the older page says so', async () => {
    const { signet, party, phone } = await withPhone()
    const first = await wait(party)
    const second = await wait(party)
    expect(words(await first.visitor.get(first.page.url))).toContain('A newer request took its place')
    expect(await answer(signet, phone, 'allow', numberOn(second.page))).toMatchObject({ status: 'approved' })
    expect(arrived(await first.visitor.get(first.page.url))).toBe(false)
    expect(arrived(await second.visitor.get(second.page.url))).toBe(true)
  })

  it('S26: over the budget of an hour the page offers the other ways', async () => {
    const { party } = await withPhone({ env: { SIGNET_FACTORS__PUSH__PER_HOUR: '2' } })
    for (let round = 0; round < 2; round += 1) expect(numberOn((await wait(party)).page)).not.toBe('')
    const { page } = await wait(party)
    expect([words(page).includes('Enough requests for now'), numberOn(page)]).toEqual([true, ''])
  })

  it('a copied code is good for one phone, and the wrong one is sent away', async () => {
    const { signet } = await town()
    const visitor = browser()
    const page = await prove(visitor, await visitor.get(signet.issuer + portal))
    const thief = await followTo(signet, page, 'Blue phone')
    expect((await followTo(signet, page)).number).toBe('')
    expect(await send(signet, '/approve/invitation', { invitation: invitationOn(page) })).toMatchObject({
      status: 'gone',
    })
    const asked = await visitor.press(page, portal)
    const fresh = await visitor.submit(asked, { guest: guestOn(asked) }, { name: 'confirm', value: 'no' })
    expect([fresh.status, words(fresh).includes('it is void now')]).toEqual([200, true])
    expect(invitationOn(fresh)).not.toBe(invitationOn(page))
    expect(await tell(signet, thief.phone, '/approve/requests')).toMatchObject({ status: 'unknown' })
    const own = await followTo(signet, fresh)
    const done = await confirm(visitor, await visitor.press(fresh, portal))
    expect(done.url.search).toBe('?done=changed')
    expect(await tell(signet, own.phone, '/approve/requests')).toMatchObject({ status: 'heard' })
  })

  it('is added on the way in where two factors are demanded, in the browser that asks and in no other', async () => {
    const { signet, party } = await town({
      env: {
        SIGNET_POLICY__LEVEL: 'two-factor',
        SIGNET_FACTORS__EMAIL_CODE__ENABLED: 'false',
        SIGNET_FACTORS__MAGIC_LINK__ENABLED: 'false',
      },
    })
    const { visitor, page } = await wait(party)
    const choice = await visitor.submit(page, {}, { name: 'factor', value: 'push' })
    const { number } = await followTo(signet, choice)
    const enrol = `${page.url.pathname}/enrol/push`
    const stranger = createVisitor()
    expect((await stranger.get(page.url)).status).toBe(400)
    const asked = await visitor.press(choice, enrol)
    expect([numberOn(asked), words(asked).includes('Blue phone')]).toEqual([number, true])
    expect(arrived(await confirm(visitor, asked))).toBe(true)
  })

  it('the page of the app is installable, under a strict policy, and says nothing about anybody', async () => {
    const { signet } = await town()
    const visitor = createVisitor()
    const page = await visitor.get(`${signet.issuer}/approve`)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("worker-src 'self'")
    expect(policy).not.toContain('unsafe')
    const href = page.document.querySelector('link[rel="manifest"]')?.getAttribute('href') ?? ''
    const manifest = (await (await visitor.send(signet.issuer + href)).json()) as { icons: { src: string }[] }
    expect(manifest).toMatchObject({ start_url: '/approve', scope: '/approve', display: 'standalone' })
    for (const { src } of manifest.icons)
      expect((await visitor.send(signet.issuer + src)).headers.get('content-type')).toBe('image/png')
    const worker = await visitor.send(`${signet.issuer}/approve/worker.js`)
    expect(worker.headers.get('service-worker-allowed')).toBe('/approve')
    expect(worker.headers.get('content-type')).toContain('text/javascript')
  })

  it('is gone where it is turned off', async () => {
    const { signet } = await town({ env: { SIGNET_FACTORS__PUSH__ENABLED: 'false' } })
    expect((await createVisitor().get(`${signet.issuer}/approve`)).status).toBe(404)
  })
})
