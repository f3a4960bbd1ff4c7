import { z } from 'zod'
import { operator, type Services } from './command.ts'

/**
 * One line of `signet identity import`: an argon2 hash in PHC form and the seed of an authenticator app if there are any; the rest are standard
 * claims, which the service checks.
 */
const person = z.looseObject({
  email: z.string(),
  email_verified: z.boolean().default(false),
  phone_number: z.string().optional(),
  phone_number_verified: z.boolean().default(false),
  preferred_username: z.string().optional(),
  groups: z.array(z.string()).default([]),
  password_hash: z.string().startsWith('$argon2').optional(),
  totp_secret: z.string().optional(),
  totp_algorithm: z.string().optional(),
  totp_digits: z.number().optional(),
  totp_period: z.number().optional(),
})

export interface ImportReport {
  readonly created: number
  readonly faults: readonly { readonly line: number; readonly reason: string }[]
}

const inFlight = 32

/** Creates a person for each line; a faulty line is reported with its number and stops nothing. */
export async function importIdentities(services: Services, lines: readonly string[]): Promise<ImportReport> {
  const work = lines
    .map((text, index) => ({ text: text.trim(), line: index + 1 }))
    .filter(({ text }) => text !== '')
  const faults: { line: number; reason: string }[] = []
  const next = work.values()
  const worker = async () => {
    for (const { text, line } of next) {
      const reason = await importLine(services, text)
      if (reason !== undefined) faults.push({ line, reason })
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return { created: work.length - faults.length, faults: faults.sort((one, other) => one.line - other.line) }
}

/** The reason why the line was refused, or undefined. */
async function importLine(services: Services, text: string): Promise<string | undefined> {
  const { identities } = services
  const parsed = parseLine(text)
  if (typeof parsed === 'string') return parsed
  const {
    email,
    email_verified,
    phone_number,
    phone_number_verified,
    preferred_username,
    groups,
    password_hash,
    totp_secret,
    totp_algorithm,
    totp_digits,
    totp_period,
    ...claims
  } = parsed
  const identifiers = [
    { kind: 'email' as const, written: email, verified: email_verified },
    ...(phone_number === undefined
      ? []
      : [{ kind: 'phone' as const, written: phone_number, verified: phone_number_verified }]),
    ...(preferred_username === undefined ? [] : [{ kind: 'username' as const, written: preferred_username }]),
  ]
  const given = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
  const state = password_hash === undefined ? 'invited' : 'active'
  const created = await identities.create({ identifiers, claims: given, groups, state }, operator)
  if (created.status !== 'created') return `${created.kind} is ${created.status}`
  const fault = await adoptAll(services, created.identity.id, {
    password_hash: { phc: password_hash },
    totp_secret: { totp_secret, totp_algorithm, totp_digits, totp_period },
  })
  if (fault !== undefined) await identities.discard(created.identity.id, operator)
  return fault
}

/** Ways to prove that the line brings along, by the field that a fault is reported under. Which factor can use them, the factors say. */
async function adoptAll(
  { enrolments, factors }: Services,
  identityId: string,
  materials: Readonly<Record<string, Readonly<Record<string, string | number | undefined>>>>,
): Promise<string | undefined> {
  for (const [field, values] of Object.entries(materials)) {
    const given = Object.entries(values).filter(([, value]) => value !== undefined)
    if (given.length === 0) continue
    const material = Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
    const factor = factors.find(({ enrolment }) => enrolment?.adopt?.(material) !== undefined)
    if (factor === undefined) return `${field}: unknown`
    const adopted = await enrolments.adopt(identityId, factor.name, material, operator)
    if (adopted.status !== 'enrolled') return `${field}: ${adopted.reason}`
  }
  return undefined
}

function parseLine(text: string): z.infer<typeof person> | string {
  try {
    const result = person.safeParse(JSON.parse(text))
    return result.success
      ? result.data
      : result.error.issues.map((issue) => `${issue.path.join('.') || 'line'}: ${issue.message}`).join('; ')
  } catch {
    return 'not a JSON object'
  }
}
