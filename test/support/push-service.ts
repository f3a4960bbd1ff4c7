/**
 * A push service on this machine that speaks the real protocol, from the RFCs themselves and not from the library that the server sends with: RFC 8030 (POST with
 * TTL), RFC 8292 (who sends), RFC 8291 and 8188 (a body that only the subscribed browser can read). What it does not take is answered with 4xx.
 */
import { createDecipheriv, createECDH, createPublicKey, type ECDH, hkdfSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { jwtVerify } from 'jose'
import { createCertificate } from '../messaging/certificate.ts'

export interface Delivered {
  readonly endpoint: string
  readonly text: string
  readonly ttl: number
  readonly urgency: string | undefined
  readonly topic: string | undefined
  /** Whom the service may write to. */
  readonly contact: string | undefined
}

export interface PushService {
  readonly origin: string
  readonly delivered: Delivered[]
  /** What was not taken, and why. */
  readonly refused: string[]
  /** As a browser does for a page with this key (W3C Push API); may be sent to as long as it is not gone. */
  subscribe(applicationServerKey: string): {
    readonly endpoint: string
    readonly p256dh: string
    readonly auth: string
  }
  /** Answers the next requests with these, and takes nothing. */
  answerNext(...statuses: number[]): void
  gone(endpoint: string): void
  /** How many requests came, whatever became of them. */
  readonly requests: number
  close(): Promise<void>
}

interface Subscribed {
  readonly key: ECDH
  readonly auth: Buffer
  readonly applicationServerKey: string
}

/** On a certificate that this process trusts from now on. */
export async function startPushService(): Promise<PushService> {
  const certificate = createCertificate()
  setDefaultCACertificates([...getCACertificates('default'), certificate.cert])
  const subscriptions = new Map<string, Subscribed>()
  const delivered: Delivered[] = []
  const refused: string[] = []
  const statuses: number[] = []
  let requests = 0
  const server = createServer(certificate, async (request, response) => {
    requests += 1
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const subscription = subscriptions.get(request.url ?? '')
    const planned = statuses.shift()
    if (planned !== undefined || subscription === undefined) {
      response.writeHead(planned ?? 410).end()
      return
    }
    try {
      delivered.push(await take(request, Buffer.concat(chunks), subscription, origin))
      response.writeHead(201, { location: `${origin}/message/${delivered.length}` }).end()
    } catch (error) {
      refused.push(String(error))
      response.writeHead(400).end()
    }
  })
  server.listen(0)
  await once(server, 'listening')
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    origin,
    delivered,
    refused,
    get requests() {
      return requests
    },
    subscribe(applicationServerKey) {
      const key = createECDH('prime256v1')
      const p256dh = key.generateKeys('base64url')
      const auth = randomBytes(16)
      const path = `/send/${randomBytes(16).toString('base64url')}`
      subscriptions.set(path, { key, auth, applicationServerKey })
      return { endpoint: origin + path, p256dh, auth: auth.toString('base64url') }
    },
    answerNext: (...next) => void statuses.push(...next),
    gone: (endpoint) => void subscriptions.delete(new URL(endpoint).pathname),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function take(
  { headers, method, url }: IncomingMessage,
  body: Buffer,
  subscription: Subscribed,
  origin: string,
): Promise<Delivered> {
  if (method !== 'POST') throw new Error('RFC 8030 5: POST')
  const ttl = headers.ttl ?? ''
  if (!/^\d+$/.test(String(ttl))) throw new Error('RFC 8030 5.2: TTL')
  if (headers['content-encoding'] !== 'aes128gcm') throw new Error('RFC 8291 4: aes128gcm')
  const { sub } = await senderOf(headers.authorization ?? '', subscription, origin)
  return {
    endpoint: origin + url,
    text: decrypted(body, subscription).toString(),
    ttl: Number(ttl),
    urgency: headers.urgency?.toString(),
    topic: headers.topic?.toString(),
    contact: sub,
  }
}

/** RFC 8292: a JWT for this very service, of the key that the browser subscribed for, good for a day at most. */
async function senderOf(authorization: string, { applicationServerKey }: Subscribed, origin: string) {
  const [, jwt = '', k = ''] = /^vapid t=([^,\s]+),\s*k=([\w-]+)$/.exec(authorization) ?? []
  if (k !== applicationServerKey) throw new Error('RFC 8292 4.2: not the key of this subscription')
  const raw = Buffer.from(k, 'base64url')
  const half = (from: number) => raw.subarray(from, from + 32).toString('base64url')
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: half(1), y: half(33) }, format: 'jwk' })
  const { payload } = await jwtVerify(jwt, key, { audience: origin, algorithms: ['ES256'] })
  if ((payload.exp ?? 0) > Date.now() / 1_000 + 86_400) throw new Error('RFC 8292 2: good for too long')
  if (!/^(mailto:|https:)/.test(payload.sub ?? '')) throw new Error('RFC 8292 2.1: nobody to write to')
  return payload
}

/** RFC 8188 2 with the keys of RFC 8291 3.4; one record, as that says in 4. */
function decrypted(body: Buffer, { key, auth }: Subscribed): Buffer {
  const salt = body.subarray(0, 16)
  const length = body.readUInt8(20)
  const sender = body.subarray(21, 21 + length)
  const record = body.subarray(21 + length)
  const bytes = (...parts: (Buffer | string)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)))
  const derive = (secret: Buffer, from: Buffer, info: Buffer, size: number) =>
    Buffer.from(hkdfSync('sha256', secret, from, info, size))
  const input = derive(
    key.computeSecret(sender),
    auth,
    bytes('WebPush: info\0', key.getPublicKey(), sender),
    32,
  )
  const contentKey = derive(input, salt, bytes('Content-Encoding: aes128gcm\0'), 16)
  const nonce = derive(input, salt, bytes('Content-Encoding: nonce\0'), 12)
  const decipher = createDecipheriv('aes-128-gcm', contentKey, nonce)
  decipher.setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  const end = padded.lastIndexOf(2)
  return padded.subarray(0, end)
}
