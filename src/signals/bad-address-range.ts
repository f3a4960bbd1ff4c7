import type { AddressRanges } from '../ports/address-ranges.ts'
import type { Facts } from '../ports/signal.ts'

export interface BadAddressRangeSettings {
  readonly listed: AddressRanges
}

/** The address is in a network that the administrator listed. */
export function badAddressRange({ address }: Facts, { listed }: BadAddressRangeSettings): boolean {
  return listed.has(address)
}
