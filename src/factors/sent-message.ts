import type { Credential } from '../domain/credential.ts'
import type { Identifier } from '../domain/identifier.ts'
import type { Context } from '../ports/factor.ts'
import type { Message } from '../ports/messenger.ts'

/** Takes a message that nobody shall get: the work is the same as for one that arrives. */
export const nowhere: Identifier = { kind: 'username', value: '', written: '' }

/** Where to: the proved address or number that the person typed, else the one that makes them enrolled. Undefined for nobody. */
export function destinationOf(
  { identity, identifier }: Context,
  credential: Credential<Identifier> | undefined,
): Identifier | undefined {
  if (credential === undefined) return undefined
  const typed = identity?.identifiers.find(
    ({ kind, value, verifiedAt }) =>
      kind === credential.data.kind && value === identifier && verifiedAt !== undefined,
  )
  return typed ?? credential.data
}

/**
 * Under which name a message is counted: the mailbox or number, whichever name was typed. A browser in which the person signed in before
 * counts by itself, so that a stranger who uses up the rest does not keep them out.
 */
export function recipientOf({ identity, identifier, device }: Context, to: Identifier | undefined): string {
  const own = device === undefined ? '' : ` from ${device}`
  return to === undefined ? `nobody ${identity?.id ?? identifier ?? ''}` : `${to.kind} ${to.value}${own}`
}

/** What a message says about who asked: the application, the place, the device, the moment. */
export function visitValues(context: Context): Message['values'] {
  const { application, address, userAgent, now } = context
  return {
    ...(application === undefined ? {} : { application }),
    ...(userAgent === undefined ? {} : { device: userAgent }),
    address,
    at: now,
  }
}
