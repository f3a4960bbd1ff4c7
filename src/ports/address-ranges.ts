/** A set of networks. */
export interface AddressRanges {
  /** False for what is no address. */
  has(address: string): boolean
}
