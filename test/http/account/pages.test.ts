import { expect, it } from 'vitest'
import { addPerson, prove } from '../../support/person.ts'
import { createVisitor, type Page, type Visitor, words } from '../../support/visitor.ts'
import { openSignet } from '../support/server.ts'

type Signet = Awaited<ReturnType<typeof openSignet>>

const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'

it('keeps a profile: what is valid is saved, what is not is said beside its field, and an empty field takes a claim away', async () => {
  const { signet, visitor, ana } = await home()
  const profile = await visitor.get(`${signet.issuer}/account/profile`)
  const saved = await visitor.submit(profile, { name: 'Ana R.', nickname: 'Ani' })
  expect(saved.url.search).toBe('?done=saved')
  expect(words(saved)).toContain('Saved.')
  expect((await signet.house.identities.get(ana))?.claims).toEqual({ name: 'Ana R.', nickname: 'Ani' })
  const refused = await visitor.submit(saved, { name: 'x\u0007' })
  expect(refused.status).toBe(422)
  expect(refused.document.querySelector('[aria-invalid]')?.getAttribute('name')).toBe('name')
  expect((await visitor.submit(saved, { name: '  ' })).status).toBe(422)
  await visitor.submit(saved, { name: 'Ana', nickname: '' })
  expect((await signet.house.identities.get(ana))?.claims).toEqual({ name: 'Ana' })
})

it('tells what happened in words of one’s own language, and names the device, not its header', async () => {
  const { signet, visitor } = await home()
  const english = words(await visitor.get(`${signet.issuer}/account/activity`))
  expect(english).toContain('Your account was created')
  expect(english).toContain('Signed in to')
  expect(english).toContain('Chrome on Linux')
  expect(english).not.toMatch(/Mozilla|activity\.events|undefined/)
  const german = words(await visitor.get(`${signet.issuer}/account/activity?lang=de`))
  expect(german).toContain('Ihr Konto wurde angelegt')
})

it('shows what the service’s people did without where they sit', async () => {
  const { signet, visitor, ana } = await home()
  const by = { kind: 'identity', id: 'an administrator', address: '203.0.113.7', userAgent: browser } as const
  await signet.house.identities.update(ana, { groups: ['staff'] }, by)
  const page = words(await visitor.get(`${signet.issuer}/account/activity`))
  expect(page).toContain('Your groups or rights were changed')
  expect(page).toContain('by the people who run this service')
  expect(page).not.toContain('203.0.113.7')
})

it('leads on from page to page of the activity until there is no more', async () => {
  const { signet, visitor, ana } = await home()
  for (let round = 0; round < 40; round += 1)
    await signet.house.identities.update(
      ana,
      { claims: { nickname: `n${round}` } },
      { kind: 'identity', id: ana },
    )
  const first = await visitor.get(`${signet.issuer}/account/activity`)
  expect(first.document.querySelectorAll('main ol > li')).toHaveLength(25)
  const second = await visitor.get(new URL(linkNamed(first, 'Older') ?? '', signet.issuer))
  expect(second.document.querySelectorAll('main ol > li').length).toBeGreaterThan(10)
  expect(linkNamed(second, 'Older')).toBeUndefined()
  expect(linkNamed(second, 'Newest')).toBe('/account/activity')
})

it('tells the owner of a changed password once, and nobody when the new one was refused', async () => {
  const { signet, visitor } = await home()
  const form = await visitor.get(`${signet.issuer}/account/security/password`)
  const field = form.document.querySelector('input[name="password"]')
  expect(field?.getAttribute('autocomplete')).toBe('new-password')
  expect((await visitor.submit(form, { password: 'short' })).status).toBe(422)
  const done = await visitor.submit(form, { password: 'quite another orchard this time' })
  expect(words(done)).toContain('You are signed out everywhere else')
  const sent = await signet.sent('ana@example.com')
  expect(sent).toHaveLength(1)
  expect(sent[0]?.text).toContain('password')
})

it('has no page for a way to sign in that does not exist', async () => {
  const { signet, visitor } = await home()
  expect((await visitor.get(`${signet.issuer}/account/security/telepathy`)).status).toBe(404)
})

it('believes no notice that is not one of its own', async () => {
  const { signet, visitor } = await home()
  const page = await visitor.get(`${signet.issuer}/account/sessions?done=<script>`)
  expect(page.status).toBe(200)
  expect(page.document.querySelector('main .notice')).toBeNull()
})

async function home(): Promise<{ signet: Signet; visitor: Visitor; ana: string }> {
  const signet = await openSignet()
  const ana = await addPerson(signet.house)
  const visitor = createVisitor({ headers: { 'user-agent': browser } })
  await prove(visitor, await visitor.get(`${signet.issuer}/account`))
  return { signet, visitor, ana }
}

function linkNamed(page: Page, text: string): string | undefined {
  return page.document
    .querySelectorAll('main a')
    .find((link) => link.textContent.trim() === text)
    ?.getAttribute('href')
}
