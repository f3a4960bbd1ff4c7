/**
 * A device that a person enrolled and that speaks for itself: each of its requests is signed with a key that never leaves it. Which
 * requests there are, what was asked for before and who may answer is the engine's.
 */
import type { Instant } from '../domain/time.ts'
import type { Context, Form } from './factor.ts'
import type { Notice } from './waker.ts'

/** What a signature has to be made for: it is good nowhere else. */
export interface SignedFor {
  readonly method: string
  /** Absolute, without query. */
  readonly url: string
  readonly now: Instant
}

/** A request whose signature is right. */
export interface SignedRequest {
  /** What is asked for, as it was signed. */
  readonly form: Form
  /** Chosen by the device, once: seen again, it is a copy. */
  readonly nonce: string
  readonly at: Instant
  /** Until when a copy could be taken for new. */
  readonly until: Instant
}

/** `late`: its signature is right, and its clock (or the way here) is not. */
export type Signature = { readonly status: 'right'; readonly request: SignedRequest } | 'late' | 'wrong'

/** A new device, before the person confirmed that it is theirs. */
export interface NewDevice<Data> {
  readonly data: Data
  readonly handle: string
  readonly label: string
}

export interface SignedDevice<Data> {
  /** The handle under which the device that signed says it is enrolled; undefined when this is no signed request. Checks nothing. */
  signer(signed: string): string | undefined
  check(data: Data, signed: string, purpose: SignedFor): Promise<Signature>
  /** A request that brings its own new key, and proves that the device has it; undefined when it does not. */
  introduce(
    signed: string,
    purpose: SignedFor,
  ): Promise<{ readonly device: NewDevice<Data>; readonly request: SignedRequest } | undefined>
  /** With another address to wake it at, or none; undefined when the form names none that can be used. */
  reachableAt(data: Data, form: Form): Data | undefined
  /** Without the address that leads nowhere any more; undefined when it has another one by now. */
  unreachableAt(data: Data, address: string): Data | undefined
  /** Wakes the device of this credential, where it can be woken: its app finds out what for. */
  notify(data: Data, credentialId: string, notice: Notice): Promise<void>
  /** The person said that what was asked was not their doing: asking them again becomes dearer. `memo` is what the factor asked with. */
  disowned(context: Pick<Context, 'identity'>, memo: string): Promise<void>
}
