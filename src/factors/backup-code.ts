import type { Context, Enrolled, Factor, Form, Verdict } from '../ports/factor.ts'

/** `Config['factors']['backup_code']`. */
export interface BackupCodeSettings {
  readonly enabled: boolean
  /** How many codes a set has. */
  readonly count: number
}

export interface BackupCodeTools {
  readonly serviceName: string
  readonly settings: BackupCodeSettings
}

/** Keyed hashes only: a copy of the store holds no code. */
interface Data {
  readonly left: readonly string[]
  readonly spent: readonly string[]
}

/** Crockford's base 32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const groups = 3
const groupLength = 5
/** From here on its owner is advised to make new ones. */
const few = 3

/**
 * Look-up secrets (NIST SP 800-63B-4 3.1.2): a printed set of codes of 75 random bits, each good once, for whoever lost a second factor (S28).
 * With that much randomness nobody guesses one, so that a stranger's guesses take no code away from its owner. RFC 8176 knows no name
 * for them: they count as the one-time passwords that they are (`otp`).
 */
export function backupCode({ serviceName, settings }: BackupCodeTools) {
  const hashed = ({ mac, identity }: Context, code: string) => mac(`${identity?.id} ${code}`)

  function verify(context: Context, { left, spent }: Data, form: Form): Verdict<Data> {
    const hash = hashed(context, canonical(form.code ?? ''))
    const known = left.includes(hash)
    // Looked for in both lists whatever the first one said.
    if (spent.includes(hash)) return { status: 'refused', reason: 'used' }
    if (!known) return { status: 'refused' }
    const rest = left.filter((one) => one !== hash)
    return {
      status: 'proved',
      credential: { left: rest, spent: [...spent, hash] },
      tell: { template: 'backup-code-used', values: { count: rest.length } },
    }
  }

  /** The codes are on the page that asks whether they are kept; they count from then on, and the old ones do not. */
  function begin(context: Context) {
    const codes = Array.from({ length: settings.count }, () => newCode(context))
    const account = context.identity?.identifiers[0]?.written ?? ''
    const hashes = codes.map((code) => hashed(context, canonical(code)))
    return { challenge: { hashes }, show: { codes, account, service: serviceName } }
  }

  function finish(challenge: Challenge | undefined): Enrolled<Data> {
    if (challenge === undefined) return { status: 'refused', reason: 'challenge-expired' }
    return { status: 'enrolled', data: { left: challenge.hashes, spent: [] } }
  }

  return {
    name: 'backup-code',
    categories: ['possession'],
    amr: ['otp'],
    first: false,
    single: true,
    resettable: false,
    standIn: true,
    unguessable: true,
    decoy: nobodys,
    verify: async (context, { data }, _challenge, form) => verify(context, data, form),
    spent: ({ left }) => left.length === 0,
    about: ({ left, spent }) => ({
      values: { count: left.length, total: left.length + spent.length },
      warn: left.length <= few,
    }),
    enrolment: {
      begin: async (context) => begin(context),
      finish: async (_context, challenge) => finish(challenge),
    },
  } satisfies Factor<Data, Challenge>
}

const nobodys: Data = { left: [], spent: [] }

interface Challenge {
  readonly hashes: readonly string[]
}

/** `7KQ4X-M2P9R-TBH3W`: the five low bits of each random byte, all 32 values of which are equally likely. */
function newCode({ random }: Context): string {
  const letters = [...Buffer.from(random(groups * groupLength), 'base64url')].map(
    (byte) => alphabet[byte & 31],
  )
  return Array.from({ length: groups }, (_, group) =>
    letters.slice(group * groupLength, (group + 1) * groupLength).join(''),
  ).join('-')
}

/** What was meant by what was typed: letter case, spaces, dashes and look-alikes do not matter. */
function canonical(typed: string): string {
  return typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
    .replace(/U/g, 'V')
    .replace(/[^0-9A-Z]/g, '')
}
