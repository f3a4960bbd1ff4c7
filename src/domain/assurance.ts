import type { Channel } from './channel.ts'
import type { Instant } from './time.ts'

export type Category = 'knowledge' | 'possession' | 'inherence'
export type { Channel } from './channel.ts'

/** What a proof is worth. */
export interface Strength {
  readonly categories: readonly Category[]
  /** RFC 8176 names. */
  readonly amr: readonly string[]
  /** Proofs over one channel never count twice. */
  readonly channel?: Channel
  readonly phishingResistant?: boolean
  readonly hardwareBound?: boolean
}

/** One question answered: by which factor, with what, when. */
export interface Proof extends Strength {
  readonly factor: string
  readonly credentialId?: string
  /** When that credential was enrolled, or replaced: with another one by now, the proof is void. */
  readonly since?: Instant
  /** It is worth no more than this, whatever else it is: its credential was set by somebody who had proved no more. */
  readonly ceiling?: Level
  readonly at: Instant
}

/** Levels in rising order; the name of each is published as `acr`. */
export const levels = ['none', 'single-factor', 'two-factor', 'phishing-resistant', 'hardware-bound'] as const
export type Level = (typeof levels)[number]

/** What our own `acr` values begin with. */
export const acrPrefix = 'urn:signet:acr:'

/** The `acr` value of a level (OIDC Core 2): an absolute URI, meanings published in docs. */
export function acrOf(level: Level): string {
  return acrPrefix + level
}

/** What relying parties call our levels beside our own names (`acr` in the configuration). */
export type AcrNames = Readonly<Record<string, Level>>

export function levelOf(acr: string, names: AcrNames = {}): Level | undefined {
  const own = levels.find((level) => level !== 'none' && acrOf(level) === acr)
  return own ?? (Object.hasOwn(names, acr) ? names[acr] : undefined)
}

/** Every `acr` value that can be asked for: our own in rising order, then the configured names. */
export function acrValues(names: AcrNames): string[] {
  return [...levels.filter((level) => level !== 'none').map(acrOf), ...Object.keys(names)]
}

export function reaches(level: Level, wanted: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(wanted)
}

export function strongest(all: readonly Level[]): Level {
  return all.reduce((best, level) => (reaches(level, best) ? level : best), 'none')
}

export interface Assurance {
  readonly level: Level
  readonly acr: string
  readonly amr: readonly string[]
}

/**
 * What a set of proofs is worth together. Two factors are two proofs of different categories over different channels,
 * or one proof that carries two categories itself (a passkey with user verification).
 */
export function assess(proofs: readonly Proof[]): Assurance {
  const level = levelOfProofs(proofs.map(capped))
  const amr = new Set(proofs.flatMap((proof) => proof.amr))
  if (reaches(level, 'two-factor')) amr.add('mfa')
  return { level, acr: acrOf(level), amr: [...amr].sort() }
}

/** What it could prove above its ceiling does not count. */
function capped(proof: Proof): Proof {
  const { ceiling } = proof
  if (ceiling === undefined) return proof
  const { phishingResistant, hardwareBound, ...rest } = proof
  return {
    ...rest,
    categories: reaches(ceiling, 'two-factor') ? proof.categories : proof.categories.slice(0, 1),
    ...(phishingResistant && reaches(ceiling, 'phishing-resistant') ? { phishingResistant } : {}),
    ...(hardwareBound && reaches(ceiling, 'hardware-bound') ? { hardwareBound } : {}),
  }
}

function levelOfProofs(proofs: readonly Proof[]): Level {
  if (proofs.length === 0) return 'none'
  if (!hasTwoFactors(proofs)) return 'single-factor'
  if (!proofs.some((proof) => proof.phishingResistant)) return 'two-factor'
  return proofs.some((proof) => proof.phishingResistant && proof.hardwareBound)
    ? 'hardware-bound'
    : 'phishing-resistant'
}

function hasTwoFactors(proofs: readonly Proof[]): boolean {
  if (proofs.some((proof) => new Set(proof.categories).size > 1)) return true
  return proofs.some((one, index) => proofs.slice(index + 1).some((other) => independent(one, other)))
}

function independent(one: Proof, other: Proof): boolean {
  if (one.channel !== undefined && one.channel === other.channel) return false
  if (one.credentialId !== undefined && one.credentialId === other.credentialId) return false
  return one.categories.some((category) => other.categories.some((second) => second !== category))
}
