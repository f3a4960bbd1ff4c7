import { parseArgs } from 'node:util'

export interface Options {
  /** How often each server is measured in each scenario. */
  readonly rounds: number
  /** How long one measurement takes. */
  readonly seconds: number
  /** Scenario ids, such as `P2`; empty means all. */
  readonly only: readonly string[]
  /** URL of Signet's store; undefined means a SQLite file of its own. */
  readonly storage: string | undefined
  /** How many people (and sessions) are there beside those who are used; one hundredth as many clients. */
  readonly seed: number
  /** A folder for CPU profiles of Signet, one per scenario, instead of comparing; what the time went to is printed. */
  readonly profile: string | undefined
  /** Puts the table into docs/performance.md. */
  readonly write: boolean
}

/** `npm run bench -- --rounds 3 --seconds 2 --only P2,P4 --storage mongodb://… --seed 100000 --profile <folder> --write` */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      storage: { type: 'string' },
      seed: { type: 'string', default: '0' },
      profile: { type: 'string' },
      write: { type: 'boolean' },
    },
  })
  const only = values.only.toUpperCase().split(',').filter(Boolean)
  return {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    only,
    storage: values.storage,
    seed: Number(values.seed),
    profile: values.profile,
    // A part of the table is only shown.
    write: values.write ?? (only.length === 0 && values.profile === undefined),
  }
}
