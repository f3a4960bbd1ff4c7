/** Asks people whom somebody trusts whether it is really them (m of n). Who they are, and who of them answered, the asking side never learns. */
import type { Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/time.ts'

/** Who asks, for which process, from where. */
export interface Asking {
  readonly process: string
  readonly identity: Identity
  readonly address: string
  readonly userAgent?: string
  readonly language: string
}

export type Asked =
  | {
      readonly status: 'asked'
      readonly id: string
      /** Shown on both sides, to be compared by voice; words of this language. */
      readonly phrase: readonly string[]
      readonly language: string
      readonly until: Instant
    }
  /** They were asked too often lately, or are too few by now: nobody is asked. */
  | { readonly status: 'paused' }

/** `refused`: too few are left who could still vouch. `over`: too late, or never asked. */
export type Vouched = 'waiting' | 'vouched' | 'refused' | 'over'

export interface Vouching {
  /** Whether enough people can vouch for somebody: a number that is another one whenever one of them no longer can. */
  readySince(identityId: string): Promise<number | undefined>
  /** Once a process: asked again, whatever the first call asked is answered. */
  ask(asking: Asking): Promise<Asked>
  /** By those alone who can vouch at this moment. */
  state(id: string): Promise<Vouched>
  /** The same for the process that goes on with it: once it is `vouched` nobody can answer any more. */
  collect(id: string): Promise<Vouched>
}
