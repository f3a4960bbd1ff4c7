import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'
import type { Config } from './config.ts'
import type { Logger } from './ports/logger.ts'

// By name, at the top of a line's fields and up to two levels below (S42).
const secretNames =
  'password new_password current_password secret client_secret client_assertion token access_token refresh_token id_token id_token_hint code user_code device_code code_verifier assertion authorization cookie set-cookie dpop master_key otp'
const censored = secretNames
  .split(' ')
  .flatMap((name) => ['', '*.', '*.*.'].map((depth) => depth + path(name)))

/**
 * One JSON line per entry on standard output. Fields with the names of secrets are censored, and so are passwords in URLs inside error messages;
 * an error goes under `err`.
 */
export function createLogger({ level }: Config['log']): Logger & Pick<PinoLogger, 'child'> {
  return pino({
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: censored.map((name) => name.replace('.[', '[')), censor: '[censored]' },
    serializers: { err: serializeError },
  })
}

function path(name: string): string {
  return /^\w+$/.test(name) ? name : `["${name}"]`
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { type, message, stack } = stdSerializers.err(error)
  // Not as `code`: by that name a code that a person typed is censored.
  const errorCode = 'code' in error ? { errorCode: error.code } : {}
  return { type, message: withoutPasswords(message), stack: withoutPasswords(stack), ...errorCode }
}

// mongodb://user:password@host, smtp://…
function withoutPasswords(text: string): string {
  return text.replaceAll(/(\b[a-z+]+:\/\/)[^\s/@]+@/gi, '$1[censored]@')
}
