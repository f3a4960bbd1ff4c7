import { createGuardrails, generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import type { Credential } from '../domain/credential.ts'
import { type Duration, second } from '../domain/time.ts'
import type { Context, Enrolled, Factor, Form, Shown, Verdict } from '../ports/factor.ts'
import { qrPath } from './qr-path.ts'

const algorithms = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-512': 'sha512' } as const
type Algorithm = keyof typeof algorithms

/** `Config['factors']['totp']`. What is enrolled keeps the parameters that it was enrolled with; the window is everybody's. */
export interface TotpSettings {
  readonly enabled: boolean
  readonly algorithm: Algorithm
  readonly digits: number
  readonly period: Duration
  /** How many time steps before and after the present one are accepted. */
  readonly window: number
}

export interface TotpTools {
  /** How authenticator apps call this server. */
  readonly serviceName: string
  readonly settings: TotpSettings
}

/** What an authenticator app was told. */
interface Seed {
  /** Base32, without padding. */
  readonly secret: string
  readonly algorithm: Algorithm
  readonly digits: number
  readonly period: Duration
}

interface Data extends Seed {
  /** The newest time step whose code was accepted: that one and all before it are spent (RFC 6238 5.2). */
  readonly lastStep: number
}

// As long as the digest (RFC 6238 5.1).
const secretBytes: Record<Algorithm, number> = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-512': 64 }
// Seeds of other systems may be as short as 80 bits; nothing shorter is a secret.
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10, MAX_SECRET_BYTES: 128 })
const longestLabel = 60
const base32 = new ScureBase32Plugin()

/**
 * Codes of an authenticator app (RFC 6238). The time step of each accepted code is kept by compare-and-set, so that a code counts once,
 * whoever races for it and wherever the clock jumps (S27): set back, codes are refused until the time of the last one is reached again.
 */
export function totp({ serviceName, settings }: TotpTools) {
  function verify({ now }: Context, { data }: { readonly data: Data }, form: Form): Verdict<Data> {
    const step = matchedStep(data, form.code ?? '', now, settings.window)
    if (step === undefined) return { status: 'refused' }
    if (step <= data.lastStep) return { status: 'refused', reason: 'used' }
    return { status: 'proved', credential: { ...data, lastStep: step } }
  }

  async function begin(context: Context, _enrolled: readonly Credential<Data>[], running?: Seed) {
    const seed = running ?? newSeed(context, settings)
    return { challenge: seed, show: await shown(seed, context, serviceName, settings) }
  }

  function finish({ now }: Context, seed: Seed | undefined, form: Form): Enrolled<Data> {
    const step = seed === undefined ? undefined : matchedStep(seed, form.code ?? '', now, settings.window)
    if (seed === undefined || step === undefined) return { status: 'refused', reason: 'mismatch' }
    const label = (form.label ?? '').trim().slice(0, longestLabel)
    // The code that confirms is spent: it does not sign anybody in.
    return { status: 'enrolled', data: { ...seed, lastStep: step }, ...(label === '' ? {} : { label }) }
  }

  return {
    name: 'totp',
    icon: 'authenticator',
    categories: ['possession'],
    amr: ['otp'],
    first: false,
    single: false,
    resettable: false,
    lostWith: ['phone', 'devices'],
    decoy: { secret: 'A'.repeat(32), ...defaults, lastStep: 0 },
    verify: async (context, credential, _challenge, form) => verify(context, credential, form),
    enrolment: {
      begin,
      finish: async (...answer) => finish(...answer),
      adopt,
    },
  } satisfies Factor<Data, Seed>
}

/** What authenticator apps assume where nothing is said. */
const defaults = { algorithm: 'SHA-1', digits: 6, period: 30 * second } as const

function newSeed({ random }: Context, { algorithm, digits, period }: TotpSettings): Seed {
  const secret = base32.encode(Buffer.from(random(secretBytes[algorithm]), 'base64url'))
  return { secret, algorithm, digits, period }
}

/** The time step whose code this is, if it is one of those around `now`. Takes as long whatever was typed. */
function matchedStep(
  { secret, algorithm, digits, period }: Seed,
  typed: string,
  now: number,
  window: number,
): number | undefined {
  const code = typed.replace(/\s/g, '')
  const usable = /^\d+$/.test(code) && code.length === digits
  const found = verifySync({
    secret,
    algorithm: algorithms[algorithm],
    digits: digits as 6 | 7 | 8,
    period: period / second,
    epoch: Math.floor(now / second),
    epochTolerance: (window * period) / second,
    token: usable ? code : '0'.repeat(digits),
    guardrails,
  })
  return usable && found.valid && 'timeStep' in found ? found.timeStep : undefined
}

async function shown(
  seed: Seed,
  { identity }: Context,
  issuer: string,
  { window }: TotpSettings,
): Promise<Shown> {
  const { secret, algorithm, digits, period } = seed
  const account = identity?.identifiers[0]?.written ?? identity?.id ?? ''
  const link = generateURI({
    // A colon would end the issuer's name where the account begins (Key Uri Format).
    issuer: issuer.replaceAll(':', ' '),
    label: account,
    secret,
    algorithm: algorithms[algorithm],
    digits: digits as 6 | 7 | 8,
    period: period / second,
  })
  const groups = secret.match(/.{1,4}/g) ?? []
  const seconds = period / second
  return {
    qr: await qrPath(link),
    link,
    groups,
    account,
    digits,
    algorithm,
    seconds,
    slack: window * seconds,
  }
}

/** A seed of another system: `totp_secret` in base32 and, where they differ from what is usual, `totp_algorithm`, `totp_digits`, `totp_period` in seconds. */
function adopt(material: Form): Data | undefined {
  const secret = (material.totp_secret ?? '').replace(/[\s=-]/g, '').toUpperCase()
  const algorithm = Object.keys(algorithms).find(
    (name) => bare(name) === bare(material.totp_algorithm ?? defaults.algorithm),
  )
  const digits = Number(material.totp_digits ?? defaults.digits)
  const seconds = Number(material.totp_period ?? defaults.period / second)
  const known = algorithm !== undefined && [6, 7, 8].includes(digits) && [15, 30, 60].includes(seconds)
  if (!known || !isSecret(secret)) return undefined
  return { secret, algorithm: algorithm as Algorithm, digits, period: seconds * second, lastStep: 0 }
}

function bare(algorithm: string): string {
  return algorithm.toUpperCase().replace('HMAC', '').replace('-', '')
}

function isSecret(text: string): boolean {
  try {
    const { length } = base32.decode(text)
    return length >= guardrails.MIN_SECRET_BYTES && length <= guardrails.MAX_SECRET_BYTES
  } catch {
    return false
  }
}
