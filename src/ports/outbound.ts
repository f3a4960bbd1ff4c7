/**
 * Fetches a URL that input can name (jwks_uri, sector_identifier_uri, back-channel logout …): special-use addresses refused, the resolved address pinned,
 * no redirects, one time-out for the whole exchange, size cap on the decoded body (S22). Of `init` only method, headers, body and signal count.
 * Rejects on any of these; reading the body rejects when it grows too large or takes too long.
 */
export type GuardedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>
