/** Code → HTTP status. The words for each code are in the locale files under `problem.<code>`. */
export const problems = {
  'not-found': 404,
  expired: 410,
  'interaction-lost': 400,
  'bad-request': 400,
  'bad-form': 400,
  'cross-site': 403,
  forbidden: 403,
  'foreign-host': 400,
  'too-large': 413,
  throttled: 429,
  busy: 503,
  'storage-unavailable': 503,
  conflict: 409,
  unauthenticated: 401,
  internal: 500,
} as const

export type ProblemCode = keyof typeof problems

/** Anything that is not an expected refusal. `detail` is for people who may see it; `cause` goes to the log only. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  /** Seconds, for 429 and 503 (RFC 9110 10.2.3). */
  readonly retryAfter: number | undefined

  constructor(code: ProblemCode, options: { cause?: unknown; detail?: string; retryAfter?: number } = {}) {
    super(options.detail ?? code, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.retryAfter = options.retryAfter
  }

  get status(): number {
    return problems[this.code]
  }
}
