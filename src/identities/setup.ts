// Owns how a fresh server gets its first administrator: whoever reads the terminal has the code, and whoever has the code decides, once.

import type { Actor } from '../domain/audit-event.ts'
import { changedClaims } from '../domain/claims.ts'
import { parseAs } from '../domain/identifier.ts'
import { type Duration, day } from '../domain/time.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock, Random } from '../ports/clock.ts'
import type { Setting, Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import type { Identities } from './index.ts'

export interface SetupTools {
  readonly store: Pick<Store, 'settings' | 'identities'>
  readonly identities: Pick<
    Identities,
    'create' | 'findByIdentifier' | 'update' | 'activate' | 'verifyIdentifier' | 'remove' | 'get'
  >
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly audit: AuditLog
  /** Makes the link by which the administrator goes on at once to a way to sign in; nothing is mailed. */
  readonly invite: (
    identityId: string,
    by: Actor,
    options: { language: string; mail: false },
  ) => Promise<{ link: string }>
}

export interface SetupForm {
  readonly code: string
  readonly email: string
  readonly name: string
  readonly language?: string
}

export type SetUp =
  | { readonly status: 'created'; readonly identityId: string; readonly link: string }
  | { readonly status: 'refused'; readonly reason: 'done' | 'code' | 'email' | 'name' | 'taken' }

export interface Setup {
  /** False for ever once an administrator was made. */
  needed(): Promise<boolean>
  /** A new one-time code for the terminal, good for a day; only a keyed hash is stored. Those of other processes stay good until the set-up is done. */
  code(): Promise<string>
  /** Exactly one of N racers makes the administrator; a refused form does not spend the code. */
  complete(form: SetupForm): Promise<SetUp>
}

interface Candidate {
  readonly id: string
  readonly isNew: boolean
}

/** Whose value says who won, and whether everything was written: `granting <identity>`, then `done <identity>`. */
const decision = 'setup'
const codePrefix = 'setup-code:'
const codeLifetime: Duration = day
const system: Actor = { kind: 'system' }
const group = 'administrators'

export function createSetup({ store, identities, vault, clock, random, audit, invite }: SetupTools): Setup {
  const codeId = (code: string) => codePrefix + vault.mac('setup-code', code)

  /** The winner's rights; also what a crash cut short, since every part of it can be repeated. */
  async function grant(won: Setting, identityId: string): Promise<void> {
    const identity = await identities.get(identityId)
    const email = identity?.identifiers.find(({ kind }) => kind === 'email')
    await identities.update(identityId, { roles: ['administrator'], groups: [group] }, system)
    await identities.activate(identityId, system)
    // Typed by whoever controls the server, who could give any address to anybody: nothing is gained by a message that may not arrive yet.
    if (email !== undefined) await identities.verifyIdentifier(identityId, 'email', email.value, system)
    const isFirst = await store.settings.replace({ ...won, value: `done ${identityId}` })
    if (!isFirst) return
    await audit.record({ action: 'setup.completed', result: 'success', actor: system, identityId })
    await removeCodes()
  }

  async function removeCodes(): Promise<void> {
    const { items } = await store.settings.page({ prefix: codePrefix, limit: 1_000 })
    for (const { id } of items) await store.settings.remove(id)
  }

  /** The decision, with what a crash left of it made good. */
  async function decided(): Promise<Setting | undefined> {
    const row = await store.settings.get(decision)
    const [progress, identityId] = row?.value.split(' ') ?? []
    if (row !== undefined && progress === 'granting' && identityId !== undefined) await grant(row, identityId)
    return row
  }

  /** Made here, or by the command line. */
  async function hasAdministrator(): Promise<boolean> {
    if ((await decided()) !== undefined) return true
    const administrators = await store.identities.findBy('roles', 'administrator')
    return administrators.some(({ state }) => state !== 'deleted')
  }

  /** A new identity, or the invited one that an earlier try left: nobody signed in with that one yet. */
  async function candidate({ email, name }: SetupForm): Promise<Candidate | undefined> {
    const identifiers = [{ kind: 'email', written: email, verified: true }] as const
    const created = await identities.create({ identifiers, claims: { name }, state: 'invited' }, system)
    if (created.status === 'created') return { id: created.identity.id, isNew: true }
    const owner = await identities.findByIdentifier('email', email)
    return owner?.state === 'invited' ? { id: owner.id, isNew: false } : undefined
  }

  async function refusal({
    code,
    email,
    name,
  }: SetupForm): Promise<Extract<SetUp, { status: 'refused' }>['reason'] | undefined> {
    if (await hasAdministrator()) return 'done'
    if ((await store.settings.get(codeId(code.trim()))) === undefined) return 'code'
    if (parseAs('email', email) === undefined) return 'email'
    return name.trim() === '' || 'invalid' in changedClaims({}, { name }) ? 'name' : undefined
  }

  async function lost({ id, isNew }: Candidate): Promise<SetUp> {
    const winner = await store.settings.get(decision)
    // Racers with one address share its identity: the winner's stays.
    if (isNew && !winner?.value.endsWith(` ${id}`)) await identities.remove(id, system)
    return { status: 'refused', reason: 'done' }
  }

  return {
    needed: async () => !(await hasAdministrator()),

    async code() {
      const code = random(16)
      await store.settings.put({ id: codeId(code), value: '', expiresAt: clock() + codeLifetime })
      return code
    },

    async complete(form) {
      const reason = await refusal(form)
      if (reason !== undefined) return { status: 'refused', reason }
      const chosen = await candidate(form)
      if (chosen === undefined) return { status: 'refused', reason: 'taken' }
      const draft = { id: decision, value: `granting ${chosen.id}` }
      if (!(await store.settings.insert(draft))) return lost(chosen)
      await grant({ ...draft, version: 1 }, chosen.id)
      const { link } = await invite(chosen.id, system, { language: form.language ?? 'en', mail: false })
      return { status: 'created', identityId: chosen.id, link }
    },
  }
}
