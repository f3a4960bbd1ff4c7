import type { Strength } from '../domain/assurance.ts'
import type { Factor } from '../ports/factor.ts'
import {
  amrOf,
  askForKey,
  askForSignature,
  checkKey,
  checkSignature,
  decoyKey,
  isHardwareBound,
  type Key,
  keyIdIn,
  type Nonce,
  provedBy,
  type WebAuthnTools,
} from './webauthn.ts'

/** A key on a device of its own (USB, NFC, Bluetooth) that is touched after another proof. It need not keep anything nor know its holder: one factor, never alone. */
export function securityKey(tools: WebAuthnTools) {
  const worth = (key: Key): Partial<Strength> => ({
    amr: amrOf(key),
    hardwareBound: isHardwareBound(key, tools.settings),
  })

  return {
    name: 'security-key',
    categories: ['possession'],
    amr: ['user'],
    phishingResistant: true,
    first: false,
    single: false,
    resettable: false,
    unguessable: true,
    decoy: decoyKey,
    handle: keyIdIn,
    begin: (context, credentials) =>
      askForSignature(
        context,
        credentials.map(({ data }) => data),
        'discouraged',
      ),
    async verify(context, { data }, challenge, form) {
      const signed = await checkSignature(tools, context, data, challenge, form)
      return 'status' in signed ? signed : provedBy(signed, data, worth(signed.key))
    },
    enrolment: {
      begin: (context, enrolled) =>
        askForKey(
          tools,
          context,
          enrolled.map(({ data }) => data),
          { discoverable: false, verification: 'discouraged', roaming: 'security-key' },
        ),
      async finish(context, challenge, form) {
        const made = await checkKey(tools, context, challenge, form)
        if ('status' in made) return made
        const { key, label } = made
        return {
          status: 'enrolled',
          data: key,
          handle: key.id,
          strength: worth(key),
          ...(label === undefined ? {} : { label }),
        }
      },
    },
  } satisfies Factor<Key, Nonce>
}
