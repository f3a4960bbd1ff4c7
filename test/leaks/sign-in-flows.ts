/** How people come to an account and into it: the set-up, an invitation, a registration, a forgotten password, the portal. */
import { addPerson, allow, password, prove } from '../support/person.ts'
import { browser, callback } from '../support/relying-party.ts'
import { createVisitor } from '../support/visitor.ts'
import { mailOf, newPassword, operator, partyOf, visitorOf, type World } from './world.ts'

/** The first administrator, who makes an application in the console and a person with an invitation. */
export async function setUpFlow(world: World, setup?: { url: string; code: string }): Promise<void> {
  if (setup === undefined) throw new Error('nothing to set up')
  world.secrets.add(setup.code)
  const admin = visitorOf(world, createVisitor())
  const invitation = await admin.submit(await admin.get(setup.url), {
    code: setup.code,
    name: 'Root',
    email: 'root@example.com',
  })
  await admin.submit(invitation, { password })
  await prove(admin, await admin.get(`${world.issuer}/admin`), 'root@example.com')
  const made = await admin.submit(await admin.get(`${world.issuer}/admin/clients/new`), {
    name: 'Bakery',
    redirect_uris: callback,
  })
  world.secrets.add(made.document.querySelector('#client_secret')?.textContent ?? '')
  const invited = await admin.submit(await admin.get(`${world.issuer}/admin/people/new`), {
    name: 'Ivy Invited',
    email: 'ivy@example.com',
  })
  const link = invited.body.match(/invitation\?token=([\w-]+)/)?.[1] ?? ''
  world.secrets.add(link)
}

export async function registrationFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const visitor = visitorOf(world, browser())
  const identify = await visitor.get((await party.begin()).url)
  const form = await visitor.get(`${identify.url.href}/register`)
  const code = await visitor.submit(form, { email: 'noa@example.com', name: 'Noa Newcomer' })
  const mail = await mailOf(world, 'noa@example.com')
  await visitor.submit(code, { code: mail.codes[0] === '314159' ? '271828' : '314159' })
  world.secrets.delete('314159')
  const enrol = await visitor.submit(code, { code: mail.codes[0] })
  await visitor.submit(await visitor.submit(enrol, { password }), {}, allow)
}

export async function invitationFlow(world: World): Promise<void> {
  await mailOf(world, 'ivy@example.com')
  const created = await world.house.identities.create(
    {
      identifiers: [{ kind: 'email', written: 'ida@example.com' }],
      claims: { name: 'Ida' },
      state: 'invited',
    },
    operator,
  )
  if (created.status !== 'created') throw new Error(created.status)
  await world.house.links.invite(created.identity.id, operator, { language: 'en' })
  const { links } = await mailOf(world, 'ida@example.com')
  const visitor = visitorOf(world, createVisitor())
  const form = await visitor.get(links[0] ?? '')
  await visitor.submit(form, { password: 'short' })
  await visitor.submit(form, { password })
}

export async function forgottenFlow(world: World): Promise<void> {
  await addPerson(world.house, 'ana@example.com')
  const visitor = visitorOf(world, createVisitor())
  for (let time = 0; time < 2; time++) {
    await visitor.submit(await visitor.get(`${world.issuer}/recovery`), { identifier: 'ana@example.com' })
    const { links } = await mailOf(world, 'ana@example.com')
    const form = await visitor.get(links[0] ?? '')
    if (time === 1) await visitor.submit(form, { password: newPassword })
  }
}

export async function portalFlow(world: World): Promise<void> {
  const visitor = visitorOf(world, createVisitor())
  const remembered = await visitor.submit(await visitor.get(`${world.issuer}/account`), {
    identifier: 'ana@example.com',
  })
  await visitor.submit(remembered, { password: newPassword, remember: 'on' })
  const change = await visitor.get(`${world.issuer}/account/security/password`)
  const changed = 'the third orchard has only pears'
  world.secrets.add(changed)
  await visitor.submit(change, { password: changed })
  for (const page of ['profile', 'security', 'sessions', 'applications', 'activity'])
    await visitor.get(`${world.issuer}/account/${page}`)
  await visitor.press(await visitor.get(`${world.issuer}/account/sessions`), '/account/sessions/others/end')
  await visitor.submit(await visitor.get(`${world.issuer}/logout`), {}, { name: 'logout', value: 'yes' })
}
