/** Messages with "this wasn't me", as tests read them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CaughtMessage } from '../../src/ports/inbox.ts'

type Mailed = Pick<CaughtMessage, 'subject' | 'links'>

/** Waits up to half a minute for the newest message to an address that has this subject. */
export async function told(
  { issuer }: { readonly issuer: string },
  to: string,
  subject: RegExp,
): Promise<CaughtMessage> {
  for (let round = 0; round < 300; round += 1) {
    const found = (await mailsTo(issuer, to)).find((message) => subject.test(message.subject))
    if (found !== undefined) return found
    await sleep(100)
  }
  throw new Error(`${to} was not told ${subject}`)
}

/** Everything that came, the newest first. */
export async function mailsTo(issuer: string, to: string): Promise<readonly CaughtMessage[]> {
  const answer = await fetch(`${issuer}/inbox/messages?${new URLSearchParams({ to })}`)
  return (await answer.json()) as CaughtMessage[]
}

/** The link "this wasn't me" of a message. */
export function objectionIn({ links, subject }: Mailed): string {
  const link = links.find((one) => new URL(one).pathname === '/objection')
  if (link === undefined) throw new Error(`nobody can object to "${subject}"`)
  return link
}

export function keyIn(message: Mailed): string {
  return new URL(objectionIn(message)).searchParams.get('key') ?? ''
}
