import type { Factor } from '../ports/factor.ts'
import { amrOf, isHardwareBound, type Key, type Nonce, type WebAuthnTools } from './webauthn.ts'
import { webauthnFactor } from './webauthn-factor.ts'

/** A key on a device of its own (USB, NFC, Bluetooth) that is touched after another proof. It need not keep anything nor know its holder: one factor, never alone. */
export function securityKey(tools: WebAuthnTools) {
  return {
    ...webauthnFactor(tools, {
      made: { discoverable: false, verification: 'discouraged', roaming: 'security-key' },
      verification: () => 'discouraged',
      worth: (key) => ({ amr: amrOf(key), hardwareBound: isHardwareBound(key, tools.settings) }),
    }),
    name: 'security-key',
    icon: 'usb',
    categories: ['possession'],
    first: false,
  } satisfies Factor<Key, Nonce>
}
