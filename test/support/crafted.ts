/** What somebody sends who does not keep to the forms of the pages. */
import type { Page, Visitor } from './visitor.ts'

/** The same browser sends a form that the page does not have. */
export async function crafted(
  visitor: Visitor,
  page: Page,
  path: string,
  values: Readonly<Record<string, string>>,
): Promise<Page> {
  const csrf = page.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
  const url = new URL(path, page.url)
  const response = await visitor.send(url, {
    method: 'POST',
    body: new URLSearchParams({ csrf, ...values }),
    headers: { origin: page.url.origin },
  })
  const location = response.headers.get('location')
  if (location !== null) return visitor.get(new URL(location, url))
  return {
    url,
    status: response.status,
    headers: response.headers,
    body: await response.text(),
    document: page.document,
  }
}
