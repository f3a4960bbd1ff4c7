/** What the digest of a browser is made of: the same for everybody who signs in there (`Device.browser`, `SessionSource.browser`). */
export function browserText(deviceSecret: string): string {
  return `${deviceSecret} everybody`
}
