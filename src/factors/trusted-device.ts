import type { Credential } from '../domain/credential.ts'
import type { Factor } from '../ports/factor.ts'
import type { TrustedBrowser, TrustedBrowsers } from '../ports/trusted-browsers.ts'

export interface TrustedDeviceTools {
  readonly browsers: TrustedBrowsers
}

interface Data {
  /** Its row. */
  readonly device: string
}

/**
 * The browser in which somebody tries to get back in is one that its owner trusts: one thing that they have, beside another proof and never alone.
 * Nothing is typed: the browser has a secret that cannot be guessed, and the button only says that it is to be used. RFC 8176 has no name for it.
 */
export function trustedDevice({ browsers }: TrustedDeviceTools) {
  const isHere = (device: string | undefined, { data }: Credential<Data>) => data.device === device

  return {
    name: 'trusted-device',
    icon: 'device',
    categories: ['possession'],
    amr: [],
    first: false,
    single: false,
    resettable: false,
    unguessable: true,
    recovery: 'only',
    page: 'trusted-devices',
    lostWith: ['phone', 'devices'],
    decoy: { device: 'nobody' },
    async held({ id: identityId }) {
      const trusted = await browsers.list(identityId)
      return trusted.map((browser) => credentialOf(browser, identityId))
    },
    begin: async ({ device }, credentials) => ({
      challenge: {},
      show: { here: credentials.some((credential) => isHere(device, credential)) },
    }),
    verify: async ({ device }, credential) =>
      isHere(device, credential) ? { status: 'proved' } : { status: 'refused', reason: 'elsewhere' },
  } satisfies Factor<Data, object>
}

function credentialOf(
  { id: device, userAgent, trustedAt }: TrustedBrowser,
  identityId: string,
): Credential<Data> {
  const isMobile = /Mobi|Android|iPhone|iPad/i.test(userAgent)
  return {
    id: `trusted:${device}`,
    version: 0,
    identityId,
    factor: 'trusted-device',
    data: { device },
    lostWith: isMobile ? ['phone', 'devices'] : ['devices'],
    createdAt: trustedAt,
  }
}
