// Owns the signs that a sign-in may be somebody else's: one file each, one function each, pure over the facts (ports/signal.ts).
// Who gathers the facts, and when, is the engine's business (authentication/observation.ts); what follows from a signal is the policy's.
import type { AddressRanges } from '../ports/address-ranges.ts'
import type { Facts, RiskSignals } from '../ports/signal.ts'
import { badAddressRange } from './bad-address-range.ts'
import { type ImpossibleTravelSettings, impossibleTravel } from './impossible-travel.ts'
import { type ManyFailuresSettings, manyFailures } from './many-failures.ts'
import { newDevice } from './new-device.ts'
import { type NewPlaceSettings, newPlace } from './new-place.ts'

interface Switch {
  readonly enabled: boolean
}

/** `Config['signals']`. */
export interface SignalSettings {
  readonly new_device: Switch
  readonly new_place: Switch & NewPlaceSettings
  readonly impossible_travel: Switch & ImpossibleTravelSettings
  readonly many_failures: Switch & ManyFailuresSettings
  readonly bad_address_range: Switch
}

interface Signal {
  readonly name: string
  readonly enabled: boolean
  raised(facts: Facts): boolean
}

/** What is turned on. `listed`: the networks of `bad_address_range`; `alerts`: people are told of new places, which have to be known for that. */
export function createSignals(
  settings: SignalSettings,
  listed: AddressRanges,
  alerts: { readonly new_place: boolean } = { new_place: false },
): RiskSignals {
  const signals: readonly Signal[] = [
    signal('new-device', newDevice, settings.new_device),
    signal('new-place', newPlace, settings.new_place),
    signal('impossible-travel', impossibleTravel, settings.impossible_travel),
    signal('many-failures', manyFailures, settings.many_failures),
    signal('bad-address-range', badAddressRange, { ...settings.bad_address_range, listed }),
  ]
  const on = signals.filter(({ enabled }) => enabled)
  return {
    names: on.map(({ name }) => name),
    comparesPlaces: settings.new_place.enabled || settings.impossible_travel.enabled || alerts.new_place,
    raised: (facts) => on.filter((one) => one.raised(facts)).map(({ name }) => name),
  }
}

function signal<Settings extends Switch>(
  name: string,
  raised: (facts: Facts, settings: Settings) => boolean,
  settings: Settings,
): Signal {
  return { name, enabled: settings.enabled, raised: (facts) => raised(facts, settings) }
}
