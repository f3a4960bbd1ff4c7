/** A virtual authenticator of Chrome's devtools: real CBOR, real signatures, and a person who touches it when the test says so. */
import type { CDPSession, Page } from 'playwright-core'

export interface Authenticator {
  /** What it holds. */
  credentials(): Promise<StoredKey[]>
  /** Puts a key back, as a copy does. */
  put(key: StoredKey): Promise<void>
  forgetAll(): Promise<void>
  /** Whether the person's finger, face or PIN is accepted from now on. */
  verifies(yes: boolean): Promise<void>
  /** Whether somebody touches it when it asks. */
  touches(yes: boolean): Promise<void>
  /** Unplugs it. */
  remove(): Promise<void>
}

export type StoredKey = Awaited<ReturnType<typeof keysOf>>[number]

export interface Nature {
  readonly transport?: 'internal' | 'usb'
  readonly resident?: boolean
  readonly verification?: boolean
  /** New keys may be copied to other devices. */
  readonly syncable?: boolean
}

/** Plugs one in. It is always touched, and knows its holder if it can, until told otherwise. */
export async function plugIn(page: Page, nature: Nature = {}): Promise<Authenticator> {
  const { transport = 'internal', resident = true, verification = true, syncable = false } = nature
  const devtools = await devtoolsOf(page)
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport,
      hasResidentKey: resident,
      hasUserVerification: verification,
      isUserVerified: verification,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: syncable,
      defaultBackupState: syncable,
    },
  })
  return {
    credentials: () => keysOf(devtools, authenticatorId),
    put: async (credential) =>
      void (await devtools.send('WebAuthn.addCredential', { authenticatorId, credential })),
    forgetAll: async () => void (await devtools.send('WebAuthn.clearCredentials', { authenticatorId })),
    verifies: async (isUserVerified) =>
      void (await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })),
    touches: async (enabled) =>
      void (await devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })),
    remove: async () =>
      void (await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })),
  }
}

const open = new WeakMap<Page, Promise<CDPSession>>()

/** One session a page: enabling twice would take away what was plugged in before. */
function devtoolsOf(page: Page): Promise<CDPSession> {
  const known = open.get(page)
  if (known !== undefined) return known
  const session = page
    .context()
    .newCDPSession(page)
    .then(async (devtools) => {
      await devtools.send('WebAuthn.enable')
      return devtools
    })
  open.set(page, session)
  return session
}

async function keysOf(devtools: CDPSession, authenticatorId: string) {
  const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId })
  return credentials
}
