/** Four people: Ana names three friends, and one day they are asked whether it is really her. */
import { expect, it } from 'vitest'
import { objectionIn, told } from '../support/objection.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor, words } from '../support/visitor.ts'

const ana = 'ana@example.com'
const friends = ['bob@example.com', 'carla@example.com', 'dan@example.com'] as const
const env = { SIGNET_RECOVERY__CONTACTS__WAITING_TIME: '0s' }
const contactsPath = '/account/security/contacts'
const byContacts = 'trusted-contacts'

interface Scene {
  readonly signet: Signet
  readonly her: Visitor
  readonly them: readonly Visitor[]
}

async function signedIn({ issuer }: Signet, email: string): Promise<Visitor> {
  const visitor = createVisitor()
  await prove(visitor, await visitor.get(`${issuer}/account`), email)
  return visitor
}

async function meet(signet: Signet): Promise<Scene> {
  await addPerson(signet.house)
  for (const email of friends)
    await addPerson(signet.house, email, { claims: { name: `Friend ${email[0]?.toUpperCase()}` } })
  const her = await signedIn(signet, ana)
  const them = []
  for (const email of friends) them.push(await signedIn(signet, email))
  return { signet, her, them }
}

/** The page to which a link of this page leads. */
async function follow(visitor: Visitor, page: Page, href: RegExp): Promise<Page> {
  const link = page.document
    .querySelectorAll('a')
    .map((each) => each.getAttribute('href') ?? '')
    .find((each) => href.test(each))
  if (link === undefined) throw new Error(`${page.url} has no link ${href}: ${words(page)}`)
  return visitor.get(new URL(link, page.url))
}

const name = async ({ signet, her }: Scene, identifier: string) =>
  her.submit(await her.get(`${signet.issuer}${contactsPath}`), { identifier })

async function accept({ signet, them }: Scene, friend: number): Promise<Page> {
  const visitor = them[friend] as Visitor
  await told(signet, friends[friend] ?? '', /^Would you vouch/)
  const role = await follow(
    visitor,
    await visitor.get(`${signet.issuer}/account/vouching`),
    /vouching\/[\w-]+$/,
  )
  return visitor.submit(role, {}, { name: 'decision', value: 'accept' })
}

async function befriend(scene: Scene): Promise<void> {
  for (const email of friends) await name(scene, email)
  for (const index of friends.keys()) await accept(scene, index)
}

/** Somebody who knows Ana's password lost everything else, and has her contacts asked. */
async function asks({ signet: { house } }: Scene, consumer = 'recovery:hers') {
  const asker = { consumer, browser: 'a browser' }
  const visit = { address: '198.51.100.9', language: 'en', userAgent: 'test' }
  const { authentication } = house
  await authentication.open(asker, {
    requirement: { level: 'two-factor', essential: true, recovery: true },
  })
  await authentication.identify(asker, visit, ana)
  await authentication.prove(asker, visit, 'password', { password })
  await authentication.choose(asker, visit, byContacts)
  const { step, show } = (await authentication.current(asker, visit)) ?? {}
  return {
    step,
    phrase: (show?.phrase ?? []) as readonly string[],
    goOn: () => authentication.prove(asker, visit, byContacts, {}),
    waiting: () => authentication.waiting(asker),
    redeem: () => authentication.redeem(asker, visit),
  }
}

async function request({ signet, them }: Scene, friend: number): Promise<Page> {
  const visitor = them[friend] as Visitor
  return follow(visitor, await visitor.get(`${signet.issuer}/account`), /vouching\/requests/)
}

const approve = async (scene: Scene, friend: number) =>
  scene.them[friend]?.submit(
    await request(scene, friend),
    { heard: 'yes' },
    { name: 'decision', value: 'approve' },
  )

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('Ana names three friends, who accept; two of them say that it is her, and she is through', async () => {
    const scene = await meet(await open({ env }))
    const { her, them, signet } = scene
    const named = await name(scene, friends[0])
    expect(words(named)).toContain('If there is such an account, its owner was asked')
    expect(words(named)).toMatch(/bob@example\.com asked can answer until/)
    await name(scene, friends[1])
    await name(scene, friends[2])
    expect(words(await accept(scene, 0))).toContain('You are a trusted contact now')
    await accept(scene, 1)
    // Two are too few.
    expect((await asks(scene, 'recovery:early')).step).not.toMatchObject({ oneOf: [byContacts] })
    await accept(scene, 2)
    expect(words(await her.get(`${signet.issuer}${contactsPath}`))).toContain('Counting now: 3')

    const { phrase, step, goOn, waiting, redeem } = await asks(scene)
    expect(step).toMatchObject({ kind: 'prove', chosen: byContacts })
    expect(phrase).toHaveLength(4)
    expect(await goOn()).toMatchObject({ status: 'pending' })
    // What the mail leads to asks nobody whether it was they.
    const asking = await told(signet, friends[0] ?? '', /asks you to vouch/)
    const refusal = await createVisitor().get(objectionIn(asking))
    expect(words(refusal)).toContain('Not the person you know?')
    expect(words(refusal)).not.toContain('this not you')
    const page = await request(scene, 0)
    for (const said of [
      'Ana Ruiz',
      ana,
      '198.51.100.9',
      phrase.join(''),
      'never approve what came in writing',
    ])
      expect(words(page).replace(/ /g, '')).toContain(said.replace(/ /g, ''))
    expect(page.body).not.toMatch(/carla|dan@|Friend [CD]/)
    expect(words((await approve(scene, 0)) as Page)).toContain('You vouched for them')
    expect([await waiting(), await goOn()]).toMatchObject(['waiting', { status: 'pending' }])
    await approve(scene, 2)
    expect(await waiting()).toBe('answered')
    expect(await goOn()).toMatchObject({ step: { kind: 'done' } })
    expect(await redeem()).toMatchObject({ level: 'two-factor' })

    // Whoever comes too late is told so, on a page.
    const late = await them[1]?.get(page.url)
    expect(words(late as Page)).toContain('Nobody asks that of you any more')
    expect(words((await them[0]?.get(`${signet.issuer}/account/activity`)) as Page)).toContain(
      'You vouched for somebody',
    )
    expect(words(await her.get(`${signet.issuer}/account/activity`))).toContain('vouched for you')
  })

  it('nothing is approved without having spoken, and who refuses makes Ana hear of it, who warns the others', async () => {
    const scene = await meet(await open({ env }))
    await befriend(scene)
    const { goOn } = await asks(scene)
    const unheard = await scene.them[0]?.submit(
      await request(scene, 0),
      { heard: undefined },
      { name: 'decision', value: 'approve' },
    )
    expect([unheard?.status, words(unheard as Page).includes('Speak to them first')]).toEqual([422, true])
    const refused = await scene.them[0]?.submit(
      await request(scene, 0),
      {},
      { name: 'decision', value: 'refuse' },
    )
    expect(words(refused as Page)).toContain('You refused')

    const message = await told(scene.signet, ana, /^A trusted contact says that it is not you$/)
    expect(message.text).not.toMatch(/bob|Friend/)
    const phone = createVisitor()
    const done = await phone.press(await phone.get(objectionIn(message)), '/objection')
    expect(words(done)).toContain('Your contacts are warned')
    // It ends nothing: whoever stole the mailbox must not keep her out.
    expect(await goOn()).toMatchObject({ status: 'pending' })
    await told(scene.signet, friends[1], /^Careful: perhaps it is not the person you know$/)
    expect(words(await request(scene, 1))).toContain('Perhaps it is not them')
    expect(words(await scene.her.get(`${scene.signet.issuer}/account/vouching`))).toContain(
      'your contacts are warned',
    )
  })

  it('a friend takes their word back with the message about it, leaves in the middle, and is removed', async () => {
    const scene = await meet(await open({ env }))
    await befriend(scene)
    const { goOn } = await asks(scene)
    for (const friend of [0, 1]) await approve(scene, friend)
    const message = await told(scene.signet, friends[0], /^You vouched for somebody$/)
    const phone = createVisitor()
    const undone = await phone.press(await phone.get(objectionIn(message)), '/objection')
    expect(words(undone)).toContain('You do not vouch for it')
    expect(await goOn()).toMatchObject({ status: 'pending' })

    const dan = scene.them[2] as Visitor
    await approve(scene, 2)
    const vouching = await dan.get(`${scene.signet.issuer}/account/vouching`)
    const left = await dan.submit(
      await follow(dan, vouching, /vouching\/[\w-]+$/),
      {},
      {
        name: 'decision',
        value: 'leave',
      },
    )
    expect(words(left)).toContain('You are no longer a contact')
    expect(await goOn()).not.toMatchObject({ step: { kind: 'done' } })
    await told(scene.signet, ana, /^A trusted contact left$/)

    const own = await scene.her.get(`${scene.signet.issuer}${contactsPath}`)
    const removal = await follow(scene.her, own, /contacts\/[\w-]+\/remove$/)
    const removed = await scene.her.press(removal, removal.url.pathname)
    expect(words(removed)).toContain('That contact was removed')
    await told(scene.signet, ana, /^A trusted contact was removed$/)
  })

  it('S32: naming somebody who is not there looks the same, and the message takes a stranger’s contact back', async () => {
    const scene = await meet(await open({ env }))
    const there = words(await name(scene, friends[0]))
    const nowhere = words(await name(scene, 'nobody@example.com'))
    expect(nowhere.replace(/nobody@example\.com.*?UTC Remove /, '')).toBe(there)
    for (const [typed, said] of [
      [ana, 'That is you'],
      ['BOB@example.com', 'You named them already'],
      ['+491701234567', 'Enter an e-mail address or a username'],
    ] as const) {
      const page = await name(scene, typed)
      expect([page.status, words(page).includes(said)]).toEqual([422, true])
    }
    const message = await told(scene.signet, ana, /^You named a trusted contact$/)
    const phone = createVisitor()
    const done = await phone.press(await phone.get(objectionIn(message)), '/objection')
    expect(words(done)).toMatch(/is no trusted contact of yours.*is signed out/)
    const again = await scene.her.get(`${scene.signet.issuer}${contactsPath}`)
    expect(again.document.querySelector('input[name="identifier"][autocomplete="username"]')).not.toBeNull()
  })
})
