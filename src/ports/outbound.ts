/**
 * Fetches a URL that input can name (jwks_uri, sector_identifier_uri, back-channel logout …): special-use addresses refused, the resolved address pinned,
 * no redirects, time-out, size cap (S22). Throws on any of these.
 */
export type GuardedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>
