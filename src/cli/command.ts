import type { ParseArgsOptionsConfig } from 'node:util'
import type { Enrolments } from '../authentication/enrolment.ts'
import type { Policies } from '../authentication/policies.ts'
import type { Clients } from '../clients/index.ts'
import type { Rule } from '../domain/demand.ts'
import type { Identities } from '../identities/index.ts'
import type { KeyRing } from '../oidc/keys.ts'
import type { AuditLog, AuditProof } from '../ports/audit-log.ts'
import type { Factors } from '../ports/factor.ts'
import type { Engine } from '../ports/storage.ts'
import type { Links } from '../recovery/links/index.ts'

/** What commands that touch data work with: the same services that the server runs on. */
export interface Services {
  readonly issuer: string
  readonly clients: Clients
  readonly policies: Policies
  readonly identities: Identities
  readonly enrolments: Enrolments
  readonly factors: Factors
  readonly links: Links
  readonly keys: KeyRing
  readonly audit: AuditLog & AuditProof
  readonly store: Engine
  close(): Promise<void>
}

/** What `main.ts` hands to the command line. Each function may throw; its message is what the person reads. */
export interface Toolbox {
  /** Loads and checks the configuration; answers a one-line summary of where it came from. */
  checkConfig(): string
  configReference(): string
  /** A rule as people write it (YAML, or its parts), checked: the message of what is thrown names every fault. It need not say its name again. */
  readRule(name: string, written: string | Readonly<Record<string, unknown>>): Rule
  /** The same the other way round. */
  writtenRule(rule: Rule): Readonly<Record<string, unknown>>
  openServices(): Promise<Services>
  /** Brings the store to this version; answers which migrations ran. */
  migrate(): Promise<readonly string[]>
  backUp(file: string): Promise<void>
  restore(file: string, options: { force: boolean }): Promise<void>
  /** Runs the server until it is told to stop; resolves once it is ready. */
  start(): Promise<Started>
}

export interface Started {
  readonly issuer: string
  readonly demo?: string
  readonly inbox?: string
  readonly setup?: { readonly url: string; readonly code: string }
}

export interface Terminal {
  write(text: string): void
  warn(text: string): void
  /** Everything on standard input, without the line end. */
  readInput(): Promise<string>
}

/** Options as the person gave them: `true` for a flag, a list for what may repeat. */
export type Options = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

export interface Invocation {
  readonly operands: readonly string[]
  readonly options: Options
  readonly terminal: Terminal
  readonly toolbox: Toolbox
}

/** What a command answers: `data` for `--json`, `text` for people. */
export interface Answer {
  readonly data: unknown
  readonly text: string
  /** It was done, and what it found is bad: one sentence, and exit 1 although the answer is printed. */
  readonly fault?: string
}

export interface Command {
  /** `client create`, or one word. */
  readonly name: string
  readonly operands?: readonly string[]
  readonly options?: ParseArgsOptionsConfig
  readonly usage: string
  readonly summary: string
  run(invocation: Invocation): Promise<Answer>
}

/** The person asked for something that cannot be done: exit 1, one sentence. */
export class Refusal extends Error {}

/** The person did not say it right: exit 2, the sentence and the usage. */
export class WrongUsage extends Error {}

/** Runs `work` with the services open, and closes them whatever happens. */
export async function withServices<T>(
  toolbox: Toolbox,
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const services = await toolbox.openServices()
  try {
    return await work(services)
  } finally {
    await services.close()
  }
}

export function text(options: Options, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

export function list(options: Options, name: string): string[] {
  const value = options[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Who the audit says did it. */
export const operator = { kind: 'operator', id: 'command-line' } as const
