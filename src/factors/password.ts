import type { Context, Enrolled, Factor, Verdict } from '../ports/factor.ts'
import type { PasswordHasher } from '../ports/password-hasher.ts'
import { type BreachCheckSettings, type BreachCheckTools, createBreachCheck } from './password-breaches.ts'
import { weaknessOf } from './password-weakness.ts'

/** `Config['factors']['password']`; lengths in Unicode code points, `timeout` in milliseconds. */
export interface PasswordSettings {
  readonly enabled: boolean
  readonly min_length: number
  readonly min_length_with_second_factor: number
  readonly max_length: number
  readonly breach_check: BreachCheckSettings
}

export interface PasswordTools extends Omit<BreachCheckTools, 'settings'> {
  readonly hasher: PasswordHasher
  readonly serviceName: string
  readonly settings: PasswordSettings
}

interface Data {
  /** argon2, in PHC form. */
  readonly phc: string
}

/**
 * Something that only the person knows (S25, NIST SP 800-63B-4 3.1.1): long, not well known, no rules of composition, no expiry, never truncated.
 * Hashing is argon2id by the hasher port; a hash made with other parameters is renewed when its owner signs in.
 * Every answer costs one hash: right, wrong, empty, huge, or about nobody (S32).
 */
export function password(tools: PasswordTools) {
  const { hasher, settings } = tools
  const breached = createBreachCheck({ ...tools, settings: settings.breach_check })
  const decoyHash = once(() => hasher.hash('nobody has this one', 'decoy'))

  async function verify(
    { address }: Context,
    { data }: { data: Data },
    form: Readonly<Record<string, string>>,
  ) {
    // Made at the first answer of all, whomever that is about.
    const decoy = await decoyHash()
    const typed = normalised(form.password ?? '')
    const usable = typed !== '' && lengthOf(typed) <= settings.max_length
    const phc = data.phc === '' || !usable ? decoy : data.phc
    const matches = await hasher.verify(phc, usable ? typed : 'not an answer', address)
    if (!matches || phc === decoy) return { status: 'refused' } as const
    if (!hasher.outdated(phc)) return { status: 'proved' } as const
    return { status: 'proved', credential: { phc: await hasher.hash(typed, address) } } as const
  }

  async function enrol(context: Context, form: Readonly<Record<string, string>>): Promise<Enrolled<Data>> {
    const { max_length, min_length, min_length_with_second_factor } = settings
    const typed = normalised(form.password ?? '')
    const length = lengthOf(typed)
    const min = context.otherCategories > 0 ? min_length_with_second_factor : min_length
    if (length < min) return { status: 'refused', reason: 'too-short', values: { min } }
    if (length > max_length) return { status: 'refused', reason: 'too-long', values: { max: max_length } }
    const weakness = await weaknessOf(typed, personalWords(context, tools.serviceName))
    if (weakness !== undefined) return { status: 'refused', reason: weakness }
    if (await breached(typed)) return { status: 'refused', reason: 'breached' }
    const phc = await hasher.hash(typed, context.address)
    return { status: 'enrolled', data: { phc }, ...(length < min_length ? { needsCompanion: true } : {}) }
  }

  return {
    name: 'password',
    categories: ['knowledge'],
    amr: ['pwd'],
    first: true,
    single: true,
    resettable: true,
    lostWith: ['secret'],
    decoy: { phc: '' },
    admit: (address) => hasher.admit(address),
    verify: (context, credential, _challenge, form): Promise<Verdict<Data>> =>
      verify(context, credential, form),
    enrolment: {
      finish: (context, _challenge, form) => enrol(context, form),
      adopt: ({ phc }) => (phc !== undefined && isAffordable(phc) ? { phc } : undefined),
    },
  } satisfies Factor<Data, never>
}

/** One spelling for one text, whatever the keyboard composes; nothing else is changed (SP 800-63B-4 asks for NFC, which folds no two different characters). */
function normalised(text: string): string {
  return text.normalize('NFC')
}

/** In code points: each counts once, as SP 800-63B-4 counts. */
function lengthOf(text: string): number {
  return [...text].length
}

// m in KiB. More than this in somebody's import would let one sign-in stop the hashing process.
const limits: Readonly<Record<string, number>> = { m: 1_048_576, t: 64, p: 64 }

/** A well-formed argon2 hash whose cost is within reason. */
function isAffordable(phc: string): boolean {
  const found = /^\$argon2(?:id|i|d)\$(?:v=\d+\$)?([mtp=\d,]{1,40})\$[\w+/]{11,}\$[\w+/]{16,}$/.exec(phc)
  const parameters = Object.fromEntries((found?.[1] ?? '').split(',').map((pair) => pair.split('=')))
  return Object.entries(limits).every(([name, most]) => {
    const value = Number(parameters[name])
    return value >= 1 && value <= most
  })
}

/** What anybody who knows the person would try. */
function personalWords({ identity, application }: Context, serviceName: string): string[] {
  const { name, given_name, family_name, middle_name, nickname } = identity?.claims ?? {}
  const identifiers = identity?.identifiers.map(({ written }) => written) ?? []
  const given = [name, given_name, family_name, middle_name, nickname, serviceName, application]
  return [...identifiers, ...given.filter((word) => word !== undefined)]
}

/** Runs once; a failure is forgotten, so that the next caller tries again. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make().catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}
