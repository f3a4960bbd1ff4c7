/**
 * A client id as one segment of a path. Ids from the configuration may hold anything, and paths with an encoded slash or dot are refused at the
 * front (S40): so it is encoded twice, which changes nothing for ids that we make.
 */
export function clientSegment(id: string): string {
  return encodeURIComponent(encodeURIComponent(id))
}

/** The id in a parameter that the router decoded once; input that is no such segment is an id that nobody has. */
export function clientFrom(segment: string | undefined): string {
  try {
    return decodeURIComponent(segment ?? '')
  } catch {
    return ''
  }
}
