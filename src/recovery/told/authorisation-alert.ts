import { clientName } from '../../domain/client.ts'
import type { Granted } from '../../domain/consent.ts'
import { readerOf } from '../../domain/reader.ts'
import type { ClientDirectory } from '../../ports/client-directory.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IdentityDirectory } from '../../ports/identity-directory.ts'
import type { Messenger } from '../../ports/messenger.ts'

export interface AuthorisationAlertTools {
  readonly identities: IdentityDirectory
  readonly clients: ClientDirectory
  readonly messenger: Messenger
  readonly clock: Clock
  readonly issuer: string
  readonly settings: { readonly languages: readonly string[] }
}

/**
 * Tells people of an application that they allowed to know something of them, or more than before. Not of our own ones: nobody is asked about those.
 * The message is queued when it returns; of two equal answers at once only the one that changed something comes here.
 */
export function createAuthorisationAlert(
  tools: AuthorisationAlertTools,
): (granted: Granted) => Promise<void> {
  const { identities, clients, messenger, clock, issuer, settings } = tools

  return async ({ identityId, clientId, first, by, language = settings.languages[0] ?? 'en' }) => {
    const [identity, client] = await Promise.all([identities.get(identityId), clients.find(clientId)])
    const reader = readerOf(identity, { language })
    if (reader === undefined || client === undefined || client.firstParty) return
    const { address, userAgent: device } = by
    await messenger.send({
      template: first ? 'application-authorised' : 'application-extended',
      ...reader,
      values: {
        application: clientName(client),
        at: clock(),
        link: `${issuer}/account/applications`,
        ...(address === undefined ? {} : { address }),
        ...(device === undefined ? {} : { device }),
      },
      about: { identityId, client: clientId, consent: true },
    })
  }
}
