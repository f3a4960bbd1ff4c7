/** An authenticator in software that does what it is told, also what no real one would: for answers that a browser never sends. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Whims {
  readonly origin?: string
  readonly host?: string
  readonly challenge?: string
  readonly type?: string
  readonly crossOrigin?: boolean
  /** UP, UV, BE, BS of the authenticator data (WebAuthn 6.1). */
  readonly present?: boolean
  readonly verified?: boolean
  readonly syncable?: boolean
  readonly backedUp?: boolean
  readonly counter?: number
  readonly userHandle?: string | undefined
  /** Signs with another key than the one that was made. */
  readonly forged?: boolean
}

export interface SoftKey {
  readonly id: string
  /** The answer to `navigator.credentials.create`, as the form's field carries it. */
  create(options: Options, whims?: Whims): string
  /** The answer to `navigator.credentials.get`. */
  get(options: Options, whims?: Whims): string
}

/** What the factor shows. */
export interface Options {
  readonly challenge: string
  readonly [more: string]: unknown
}

export const site = { origin: 'https://id.example.com', host: 'id.example.com' }

export function softKey({
  aaguid = Buffer.alloc(16),
  user = '',
}: {
  aaguid?: Buffer
  user?: string
} = {}): SoftKey {
  const id = randomBytes(32)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const written = id.toString('base64url')
  const answer = (response: Record<string, unknown>) =>
    JSON.stringify({ id: written, rawId: written, type: 'public-key', clientExtensionResults: {}, response })

  return {
    id: written,
    create(options, whims = {}) {
      const made = Buffer.concat([aaguid, Buffer.from([0, id.length]), id, coseOf(publicKey)])
      const authData = Buffer.concat([header({ verified: true, ...whims }, 0x40), made])
      const attestationObject = Buffer.concat([
        Buffer.from([0xa3]),
        cborText('fmt'),
        cborText('none'),
        cborText('attStmt'),
        Buffer.from([0xa0]),
        cborText('authData'),
        Buffer.from([0x58, authData.length]),
        authData,
      ])
      const clientDataJSON = clientData('webauthn.create', options, whims)
      return answer({
        clientDataJSON: clientDataJSON.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      })
    },
    get(options, whims = {}) {
      const authenticatorData = header({ verified: true, ...whims })
      const clientDataJSON = clientData('webauthn.get', options, whims)
      const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientDataJSON).digest()])
      const handle = 'userHandle' in whims ? whims.userHandle : Buffer.from(user).toString('base64url')
      return answer({
        clientDataJSON: clientDataJSON.toString('base64url'),
        authenticatorData: authenticatorData.toString('base64url'),
        signature: sign('sha256', signed, whims.forged ? other : privateKey).toString('base64url'),
        ...(handle === undefined ? {} : { userHandle: handle }),
      })
    },
  }
}

function clientData(type: string, { challenge }: Options, whims: Whims): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: whims.type ?? type,
      challenge: whims.challenge ?? challenge,
      origin: whims.origin ?? site.origin,
      crossOrigin: whims.crossOrigin ?? false,
    }),
  )
}

function header(whims: Whims, more = 0): Buffer {
  const { present = true, verified = false, syncable = false, backedUp = false, counter = 0 } = whims
  const flags =
    more | (present ? 0x01 : 0) | (verified ? 0x04 : 0) | (syncable ? 0x08 : 0) | (backedUp ? 0x10 : 0)
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  const rpIdHash = createHash('sha256')
    .update(whims.host ?? site.host)
    .digest()
  return Buffer.concat([rpIdHash, Buffer.from([flags]), count])
}

function coseOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  return Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(x, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y, 'base64url'),
  ])
}

function cborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)])
}
