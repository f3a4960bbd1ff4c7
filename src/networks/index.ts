// Owns what files on this machine say about client addresses: where they are (places.ts, an MMDB database), and which networks are badly
// known (ranges.ts). Nothing is ever fetched: whoever keeps the files replaces them, and they are read anew (watched-file.ts).
// What follows from either is not decided here: signals/ compares, messages and pages show.
import type { AddressRanges } from '../ports/address-ranges.ts'
import type { Logger } from '../ports/logger.ts'
import type { Places } from '../ports/places.ts'
import { createPlaces, readDatabase } from './places.ts'
import { createRanges, readRanges } from './ranges.ts'
import { watchFile } from './watched-file.ts'

export interface NetworksTools {
  readonly log: Logger
  readonly settings: {
    readonly places: { readonly database: string | null }
    readonly signals: {
      readonly bad_address_range: {
        readonly enabled: boolean
        readonly ranges: readonly string[]
        readonly file: string | null
      }
    }
  }
}

export interface Networks {
  readonly places: Places
  readonly badRanges: AddressRanges
  /** Reads the files; until then nothing is known. Throws an Error, made for people, when one is missing or cannot be understood. */
  open(): Promise<void>
  close(): void
}

export function createNetworks({ log, settings }: NetworksTools): Networks {
  const { database } = settings.places
  const { enabled, ranges, file } = settings.signals.bad_address_range
  const places =
    database === null
      ? undefined
      : watchFile({ file: database, setting: 'places.database', parse: readDatabase, log })
  const listed = (more: readonly string[]) => createRanges([...ranges, ...more])
  const list =
    file === null || !enabled
      ? undefined
      : watchFile({
          file,
          setting: 'signals.bad_address_range.file',
          parse: (content) => listed(readRanges(content)),
          log,
        })
  const written = listed([])
  const files = [places, list].filter((one) => one !== undefined)
  return {
    places: createPlaces(() => places?.value()),
    badRanges: { has: (address) => (list?.value() ?? written).has(address) },
    async open() {
      for (const each of files) await each.open()
    },
    close() {
      for (const each of files) each.close()
    },
  }
}
