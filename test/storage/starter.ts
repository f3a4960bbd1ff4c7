/** A process that opens a store whose second migration is slow and counts how often it ran; prints what it migrated. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Migration, migrations } from '../../src/storage/migrations/index.ts'
import { migrate } from '../../src/storage/open.ts'

/** The names of the migrations that it ran, as it prints them. */
export type Ran = readonly string[]

const counting: Migration = {
  number: 2,
  name: '0002-counting',
  sqlite(database) {
    const row = database.prepare("SELECT body ->> '$.value' AS value FROM settings WHERE id = 'runs'").get()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    const body = JSON.stringify({ id: 'runs', value: `${Number(row?.value ?? 0) + 1}` })
    database.prepare("INSERT OR REPLACE INTO settings (id, version, body) VALUES ('runs', 1, ?)").run(body)
  },
  async mongodb(database) {
    const settings = database.collection<{ _id: string; version: number; entity: { value: string } }>(
      'settings',
    )
    const value = Number((await settings.findOne({ _id: 'runs' }))?.entity.value ?? 0) + 1
    await pause(200)
    await settings.replaceOne(
      { _id: 'runs' },
      { version: 1, entity: { value: `${value}` } },
      { upsert: true },
    )
  },
}

const migrated: Ran = await migrate({
  url: process.argv[2] ?? '',
  clock: Date.now,
  migrations: [...migrations, counting],
})
process.stdout.write(JSON.stringify(migrated))
