import { assess, type Level, reaches, strongest } from './assurance.ts'
import type { Authentication, AuthenticationResult, Step } from './authentication.ts'
import { type Identity, may } from './identity.ts'
import type { Instant } from './time.ts'
