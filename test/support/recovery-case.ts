/** Recovery cases through the pages: whoever opens one, with files, and their reviewers. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { House } from '../../src/house/index.ts'
import { addPerson, prove } from './person.ts'
import type { Signet } from './signet.ts'
import { createVisitor, type Page, type Values, type Visitor } from './visitor.ts'

/** A PDF of one page that says nothing. */
export const pdf = Buffer.from(
  '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
)

export const happened = 'My phone fell into the lake, and my mailbox was closed.'

interface SentFile {
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
}

/** Sends a page's form with files as a browser does; answers the page that comes at once. */
export async function sendFiles(
  visitor: Visitor,
  page: Page,
  action: string,
  values: Values,
  files: readonly SentFile[],
): Promise<Response> {
  const form = page.document.querySelectorAll('form').find((one) => one.getAttribute('action') === action)
  if (form === undefined) throw new Error(`${page.url} has no form to ${action}`)
  const body = new FormData()
  for (const input of form.querySelectorAll('input[type=hidden]'))
    body.append(input.getAttribute('name') ?? '', input.getAttribute('value') ?? '')
  for (const [name, value] of Object.entries(values)) if (value !== undefined) body.append(name, value)
  for (const { name, type, bytes } of files)
    body.append('attachments', new Blob([new Uint8Array(bytes)], { type }), name)
  return visitor.send(new URL(action, page.url), {
    method: 'POST',
    body,
    headers: { origin: page.url.origin, 'sec-fetch-site': 'same-origin' },
  })
}

export interface OpenedCase {
  readonly visitor: Visitor
  readonly code: string
}

export async function openCase(
  { issuer }: Pick<Signet, 'issuer'>,
  values: Values = {},
  files: readonly SentFile[] = [{ name: 'id.pdf', type: 'application/pdf', bytes: pdf }],
): Promise<OpenedCase> {
  const visitor = createVisitor()
  const page = await visitor.get(`${issuer}/recovery/case`)
  const said = {
    identifier: 'ana@example.com',
    reply: 'ana@elsewhere.example',
    happened,
    has_documents: 'yes',
  }
  const answer = await sendFiles(visitor, page, '/recovery/case', { ...said, ...values }, files)
  const body = await answer.text()
  const [, code] = /id="claim-code"[^>]*>([^<]+)</.exec(body) ?? []
  if (answer.status !== 201 || code === undefined) throw new Error(`${answer.status}: ${body.slice(0, 3000)}`)
  return { visitor, code }
}

/** How a case stands, for whoever has its code. */
export async function statusOf(
  { issuer }: Pick<Signet, 'issuer'>,
  { visitor, code }: OpenedCase,
): Promise<Page> {
  return visitor.submit(await visitor.get(`${issuer}/recovery/status`), { code })
}

/** A case about somebody, as reviewers see it: its id, and that of the file in it. */
export async function openedFor(
  { cases, store }: House,
  identifier: string,
): Promise<{ readonly case: string; readonly file: string }> {
  const statement = { identifier, reply: 'somebody@elsewhere.example', happened, evidence: [] }
  const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
  const opened = await cases.open(statement, [{ type: 'application/pdf', bytes: pdf }], visit)
  const found = opened.status === 'opened' ? await cases.find(opened.code) : undefined
  if (found === undefined) throw new Error(`no case: ${opened.status}`)
  const { id } = found
  // Nobody sees it before the owner was told.
  while ((await store.cases.get(id))?.queue === 'new') await sleep(50)
  const file = (await cases.look(id, 'a reviewer'))?.entries.flatMap((entry) =>
    'attachments' in entry ? entry.attachments : [],
  )[0]?.name
  return { case: id, file: file ?? '' }
}

/** Somebody who may judge cases, signed in at their list. */
export async function reviewer(
  { house, issuer }: { readonly house: House; readonly issuer: string },
  name: string,
): Promise<{ readonly id: string; readonly visitor: Visitor; list(): Promise<Page> }> {
  const email = `${name.toLowerCase()}@example.com`
  const id = await addPerson(house, email, { claims: { name }, roles: ['reviewer'] })
  const visitor = createVisitor()
  const list = () => visitor.get(`${issuer}/admin/cases`)
  await prove(visitor, await list(), email)
  return { id, visitor, list }
}
