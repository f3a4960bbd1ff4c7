// The few members of oidc-provider's model classes that are overridden here, typed as its source has them: @types/oidc-provider leaves most of them out.

import type { Context } from 'koa'
import type { AdapterPayload } from 'oidc-provider'
import { Provider } from 'oidc-provider'
import type { Artifact } from '../ports/store.ts'
import { rowOf } from './artifacts.ts'
import type { StoredSession } from './session-rows.ts'

/** An instance of a model that was found or made. */
export interface Model {
  jti?: string
  iat?: number
  exp?: number
  consumed?: unknown
  scope?: string
  readonly kind: string
  readonly accountId?: string
  readonly clientId?: string
  readonly grantId?: string
  readonly sessionUid?: string
  readonly expiresWithSession?: boolean
  readonly remainingTTL: number
  emit(event: string): void
  getValueAndPayload(): Promise<{ value: string; payload: AdapterPayload }>
}

export interface FindOptions {
  readonly ignoreExpiration?: boolean
  readonly ignoreSessionBinding?: boolean
}

type Method<Result> = (this: Model, ...args: never[]) => Result

/** A model's class, with what may be replaced on it. Every Provider instance has classes of its own. */
export interface ModelClass {
  new (payload: unknown): Model
  readonly name: string
  find(value: unknown, options?: FindOptions): Promise<Model | undefined>
  instantiate(payload: object): Model
  readonly prototype: Model & {
    consume: Method<Promise<void>>
    destroy: Method<Promise<void>>
    save: Method<Promise<string>>
    generateTokenId: Method<string>
  }
}

const origin = Symbol('origin')

type Origin = Artifact | StoredSession

/** Lets instances that were found remember the row they came from, with the version that a compare-and-set needs. */
export function rememberOrigins(
  Class: ModelClass,
  originOfPayload: (payload: object) => Origin | undefined = rowOf,
): void {
  Class.instantiate = function instantiate(this: ModelClass, payload: object) {
    const made = new this(payload)
    const from = originOfPayload(payload)
    if (from !== undefined) setOrigin(made, from)
    return made
  }
}

// A symbol and not a WeakMap: the library hands its session around behind a Proxy.
export function setOrigin(model: object, from: Origin): void {
  Object.defineProperty(model, origin, { value: from, configurable: true, writable: true })
}

export function originOf<From extends Origin>(model: object): From | undefined {
  return (model as { [origin]?: From })[origin]
}

/** The request that is being answered, if one is: the library keeps it in an AsyncLocalStorage. */
export function currentContext(): ProtocolContext | undefined {
  return (Provider as unknown as { readonly ctx?: ProtocolContext }).ctx
}

export interface ProtocolContext extends Context {
  readonly oidc: {
    readonly route: string
    readonly client?: { readonly scope?: string }
    readonly entities: Readonly<Record<string, Model | undefined>>
  }
}
