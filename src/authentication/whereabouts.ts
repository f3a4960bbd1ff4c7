import { coarse, type Place } from '../domain/place.ts'
import { type Duration, day } from '../domain/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Places } from '../ports/places.ts'
import type { EarlierSignIn } from '../ports/signal.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

export interface WhereaboutsTools {
  readonly store: Pick<Store, 'whereabouts'>
  readonly vault: Vault
  readonly clock: Clock
  readonly places: Places
  /** Whether anything compares them; otherwise nothing is kept. */
  readonly wanted: boolean
}

/** Where an identity signed in before: coarse, sealed, few, and forgotten after a while. */
export interface Whereabouts {
  of(identityId: string): Promise<readonly EarlierSignIn[]>
  /** The same, and the one of them at this address: when it was noted and is somewhere, the place with its first time. */
  at(
    identityId: string,
    address: string,
  ): Promise<{ readonly here?: EarlierSignIn | undefined; readonly all: readonly EarlierSignIn[] }>
  /** After a completed sign-in. */
  note(identityId: string, address: string): Promise<void>
}

const purpose = 'whereabouts'
const kept: Duration = 180 * day
const most = 20
const mostRounds = 20

export function createWhereabouts({ store, vault, clock, places, wanted }: WhereaboutsTools): Whereabouts {
  const rows = store.whereabouts

  function opened(identityId: string, sealed: string): readonly EarlierSignIn[] {
    const all = JSON.parse(vault.open(purpose, sealed, identityId)) as readonly EarlierSignIn[]
    return all.filter(({ at }) => at > clock() - kept)
  }

  // Two sign-ins at once: neither must be lost. One that loses every round is only one place less to compare with.
  async function keep(identityId: string, now: EarlierSignIn): Promise<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      const row = await rows.get(identityId)
      const earlier = row === undefined ? [] : opened(identityId, row.sealed)
      const before = earlier.find(({ place }) => isSame(place, now.place))
      const since = before === undefined ? now.at : before.since
      const newest = since === undefined ? now : { ...now, since }
      const all = [newest, ...earlier.filter((one) => one !== before)].slice(0, most)
      const sealed = vault.seal(purpose, JSON.stringify(all), identityId)
      const draft = { id: identityId, sealed, expiresAt: now.at + kept }
      const written =
        row === undefined ? await rows.insert(draft) : await rows.replace({ ...draft, version: row.version })
      if (written) return
    }
  }

  async function of(identityId: string): Promise<readonly EarlierSignIn[]> {
    const row = await rows.get(identityId)
    return row === undefined ? [] : opened(identityId, row.sealed)
  }

  return {
    of,
    async at(identityId, address) {
      const place = places.find(address)
      const here = place && coarse(place)
      const all = here === undefined ? [] : await of(identityId)
      return { here: here && all.find((one) => isSame(one.place, here)), all }
    },
    async note(identityId, address) {
      const place = wanted ? places.find(address) : undefined
      if (place !== undefined) await keep(identityId, { at: clock(), place: coarse(place) })
    },
  }
}

function isSame(one: Place, other: Place): boolean {
  const names = ['country', 'region', 'city', 'latitude', 'longitude'] as const
  return names.every((name) => one[name] === other[name])
}
