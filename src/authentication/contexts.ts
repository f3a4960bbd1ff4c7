import type { Authentication } from '../domain/authentication.ts'
import type { Identity } from '../domain/identity.ts'
import type { Questioned } from '../domain/objection.ts'
import { hasCompanion } from '../domain/ways.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Context, Factor } from '../ports/factor.ts'
import type { Messenger } from '../ports/messenger.ts'
import type { Store } from '../ports/store.ts'
import type { Digest, Vault } from '../ports/vault.ts'
import { createElsewhere } from './elsewhere.ts'
import type { Asker } from './processes.ts'
import type { Known } from './situations.ts'

/** Where a person answers from. `device` is what their browser keeps to be known again. */
export interface Visit {
  readonly address: string
  readonly language: string
  readonly userAgent: string
  readonly device?: string
  /** How the application is called that they want to get into. */
  readonly application?: string
  readonly traceId?: string
}

export interface ContextsTools {
  readonly store: Pick<Store, 'approvals' | 'replays'>
  readonly digest: Digest
  readonly clock: Clock
  readonly random: Random
  readonly vault: Vault
  readonly messenger: Messenger
  /** Origin of this server as people see it. */
  readonly issuer: string
}

/** Builds what a factor may know. */
export type Contexts = (
  factor: Factor,
  visit: Pick<Visit, 'address' | 'language' | 'application'> & Partial<Pick<Visit, 'userAgent'>>,
  known: Known,
  /** Absent for an enrolment. */
  process?: Pick<Authentication, 'id' | 'identifier' | 'proofs' | 'clientId' | 'requirement'>,
  more?: { readonly device?: string | undefined; readonly asker?: Asker },
) => Context

export function createContexts(tools: ContextsTools): Contexts {
  const { clock, random, vault, messenger, issuer } = tools
  const elsewhere = createElsewhere(tools)
  const { origin, hostname } = new URL(issuer)
  return (factor, visit, known, process, { device, asker } = {}) => ({
    now: clock(),
    ...(known.identity === undefined ? {} : { identity: known.identity }),
    ...(process?.identifier === undefined ? {} : { identifier: process.identifier }),
    ...(process === undefined ? {} : { process: process.id }),
    first: process?.proofs.length === 0,
    ...(process?.requirement.recovery ? { recovery: process.requirement.drill ? 'drill' : 'real' } : {}),
    ...(visit.userAgent === undefined ? {} : { userAgent: visit.userAgent }),
    address: visit.address,
    ...(device === undefined ? {} : { device }),
    language: visit.language,
    origin,
    host: hostname,
    ...(visit.application === undefined ? {} : { application: visit.application }),
    otherCategories: companions(factor, known),
    elsewhere: elsewhere.askedBy({
      factor: factor.name,
      identityId: known.identity?.id,
      visit,
      asker,
      clientId: process?.clientId,
    }),
    send: (message) => {
      // Whoever gets it can end the process that it is for ("this wasn't me").
      const about = questioned(known.identity, process)
      return messenger.send(about === undefined ? message : { about, ...message })
    },
    mac: (value) => vault.mac(`factor ${factor.name}`, value),
    random,
  })
}

function questioned(
  identity: Identity | undefined,
  process: Pick<Authentication, 'id'> | undefined,
): Questioned | undefined {
  if (identity === undefined) return undefined
  return { identityId: identity.id, ...(process === undefined ? {} : { process: process.id }) }
}

function companions(factor: Factor, { enrolled }: Known): number {
  const way = { ...factor, factor: factor.name }
  return enrolled.filter((other) => hasCompanion(way, [other])).length
}
