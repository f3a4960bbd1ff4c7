import { z } from 'zod'
import { flag, list, range, text, whole } from './values.ts'

const map = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape, 'a map of settings')

/** What may be turned on to notice that a sign-in may be somebody else's. */
export const signals = map({
  new_device: map({ enabled: flag }),
  new_place: map({ enabled: flag, within: whole(10, 5_000) }),
  impossible_travel: map({ enabled: flag, speed: whole(100, 5_000), uncertainty: whole(10, 5_000) }),
  many_failures: map({ enabled: flag, after: whole(1, 100) }),
  bad_address_range: map({
    enabled: flag,
    ranges: list(range, 'a list of addresses or ranges'),
    file: text('the name of a file').nullable(),
  }),
})

/** Where client addresses are looked up. */
export const places = map({ database: text('the name of a file').nullable() })
