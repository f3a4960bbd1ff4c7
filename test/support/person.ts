/** People as the tests play them: made in the house, signed in through the pages. */
import type { House } from '../../src/house/index.ts'
import type { IdentityDraft } from '../../src/identities/index.ts'
import type { Flow, RelyingParty, Tokens } from './relying-party.ts'
import type { Page, Visitor } from './visitor.ts'

export const password = 'plenty of orchards in autumn'
export const allow = { name: 'decision', value: 'allow' } as const
export const deny = { name: 'decision', value: 'deny' } as const

const operator = { kind: 'operator', id: 'test' } as const

/** An active person with a proved address and a password; answers the id. */
export async function addPerson(
  { identities, enrolments }: Pick<House, 'identities' | 'enrolments'>,
  email = 'ana@example.com',
  draft: Partial<IdentityDraft> = {},
): Promise<string> {
  const created = await identities.create(
    {
      identifiers: [{ kind: 'email', written: email, verified: true }],
      claims: { name: 'Ana Ruiz' },
      state: 'active',
      ...draft,
    },
    operator,
  )
  if (created.status !== 'created') throw new Error(`${email}: ${created.status}`)
  const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
  const enrolled = await enrolments.finish(created.identity.id, 'password', { password }, visit)
  if (enrolled.status !== 'enrolled') throw new Error(`${email}: ${enrolled.reason}`)
  return created.identity.id
}

/** From the page that asks who to what comes after the password. */
export async function prove(
  visitor: Visitor,
  identify: Page,
  email = 'ana@example.com',
  typed = password,
): Promise<Page> {
  return visitor.submit(await visitor.submit(identify, { identifier: email }), { password: typed })
}

/** Runs a request of the application to its callback, allowing what is asked. */
export async function goThrough(
  visitor: Visitor,
  party: RelyingParty,
  options: { email?: string; parameters?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly flow: Flow; readonly page: Page }> {
  const flow = await party.begin(options.parameters)
  let page = await visitor.get(flow.url)
  if (page.document.querySelector('input[name="identifier"]') !== null)
    page = await prove(visitor, page, options.email)
  if (page.document.querySelector('button[name="decision"]') !== null)
    page = await visitor.submit(page, {}, allow)
  return { flow, page }
}

/** The same, with the tokens. */
export async function tokensFor(
  visitor: Visitor,
  party: RelyingParty,
  options: Parameters<typeof goThrough>[2] = {},
): Promise<Tokens> {
  const { flow, page } = await goThrough(visitor, party, options)
  return party.finish(flow, page.url)
}
