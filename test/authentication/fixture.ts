/** What tests of the engine share. */
import { afterAll } from 'vitest'
import { closeHasher } from './house.ts'

export * from './house.ts'

afterAll(closeHasher)
