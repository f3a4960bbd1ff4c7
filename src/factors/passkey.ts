import { minute } from '../domain/time.ts'
import type { Factor } from '../ports/factor.ts'
import { amrOf, isHardwareBound, type Key, type Nonce, type WebAuthnTools } from './webauthn.ts'
import { webauthnFactor } from './webauthn-factor.ts'

/**
 * A key that its authenticator finds by itself (WebAuthn L3, discoverable), opened with fingerprint, face or screen lock. Alone it is two factors: what one
 * has, and what one is or knows, checked by the device. After another proof it may come without that check, and is then one.
 */
export function passkey(tools: WebAuthnTools) {
  return {
    ...webauthnFactor(tools, {
      made: { discoverable: true, verification: 'preferred' },
      verification: ({ first }) => (first ? 'required' : 'preferred'),
      worth: (key, verified) => ({
        categories: verified ? ['possession', 'inherence'] : ['possession'],
        amr: amrOf(key),
        hardwareBound: isHardwareBound(key, tools.settings),
      }),
      verifiedOrCompanion: true,
    }),
    name: 'passkey',
    icon: 'fingerprint',
    categories: ['possession', 'inherence'],
    first: true,
    // Nobody can tell from outside whether it is on the phone.
    lostWith: ['phone', 'keys', 'devices'],
    // The sign-in page asks as soon as it is open, and people take their time.
    challengeLifetime: 30 * minute,
  } satisfies Factor<Key, Nonce>
}
