// Who carries messages out of the house: by mail, by SMS, or into the inbox of development instead of either.
import type { Config } from '../config.ts'
import type { createInbox } from '../messaging/inbox.ts'
import { createSmsDelivery } from '../messaging/sms-gateway.ts'
import { createSmtpDelivery } from '../messaging/smtp.ts'
import type { GuardedFetch } from '../ports/outbound.ts'

/** One for each channel that the configuration names; `close` lets connections go. */
export function createCarriers(
  config: Config,
  {
    inbox,
    fetch,
  }: { readonly inbox: ReturnType<typeof createInbox> | undefined; readonly fetch: GuardedFetch },
) {
  const { url, from } = config.mail
  const mail = url === null ? undefined : createSmtpDelivery({ ...config.mail, url, from: from ?? '' })
  const gateway =
    config.sms.url === null ? undefined : createSmsDelivery({ ...config.sms, url: config.sms.url }, fetch)
  const carriers = {
    ...(mail === undefined ? {} : { email: mail.deliver }),
    ...(gateway === undefined ? {} : { sms: gateway }),
    ...(inbox === undefined ? {} : { email: inbox.deliver, sms: inbox.deliver }),
  }
  return { carriers, close: () => mail?.close() }
}
