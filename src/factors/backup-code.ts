import { canonicalCode, createWrittenCode } from '../domain/written-code.ts'
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
    const hash = hashed(context, canonicalCode(form.code ?? ''))
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
    const codes = Array.from({ length: settings.count }, () => createWrittenCode(context.random))
    const account = context.identity?.identifiers[0]?.written ?? ''
    const hashes = codes.map((code) => hashed(context, canonicalCode(code)))
    return { challenge: { hashes }, show: { codes, account, service: serviceName } }
  }

  function finish(challenge: Challenge | undefined): Enrolled<Data> {
    if (challenge === undefined) return { status: 'refused', reason: 'challenge-expired' }
    return { status: 'enrolled', data: { left: challenge.hashes, spent: [] } }
  }

  return {
    name: 'backup-code',
    icon: 'sheet',
    categories: ['possession'],
    amr: ['otp'],
    first: false,
    single: true,
    resettable: false,
    standIn: true,
    unguessable: true,
    recovery: 'first',
    decoy: nobodys,
    verify: async (context, { data }, _challenge, form) => verify(context, data, form),
    spent: ({ left }) => left.length === 0,
    runningOut: ({ left }) => left.length <= few,
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
