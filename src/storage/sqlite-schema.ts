import type { DatabaseSync } from 'node:sqlite'
import { Problem } from '../domain/problem.ts'
import { collectionNames, collections, type Shape } from './collections.ts'
import type { Migration } from './migrations/index.ts'
import { newest, refuseNewer } from './version.ts'

// "Sgnt": tells our files from other SQLite databases (PRAGMA application_id).
const applicationId = 0x53676e74

/** The table that holds the values of a string-array index. */
export function listTable(collection: string, index: string): string {
  return `"${collection}.${index}"`
}

/** True when `migrateSqlite` would find nothing to do; takes no lock. Refuses foreign and newer files. */
export function isCurrent(database: DatabaseSync, migrations: readonly Migration[]): boolean {
  refuseForeign(database)
  const version = pragma(database, 'user_version')
  refuseNewer(version, migrations)
  if (version < newest(migrations)) return false
  const existing = namesIn(database)
  return wantedNames().every((name) => existing.has(name))
}

/**
 * Creates what the declarations name and the file lacks, then applies pending migrations, all in one transaction under the write lock.
 * Of two processes that start at once the second finds everything done. Answers the names of the migrations it ran.
 */
export function migrateSqlite(database: DatabaseSync, migrations: readonly Migration[]): string[] {
  database.exec('BEGIN IMMEDIATE')
  try {
    refuseForeign(database)
    const version = pragma(database, 'user_version')
    refuseNewer(version, migrations)
    const pending = migrations.filter((migration) => migration.number > version)
    for (const name of collectionNames) createTable(database, name, collections[name])
    for (const migration of pending) migration.sqlite(database)
    const last = pending.at(-1)
    if (last !== undefined) database.exec(`PRAGMA user_version = ${last.number}`)
    database.exec(`PRAGMA application_id = ${applicationId}`)
    database.exec('COMMIT')
    return pending.map((migration) => migration.name)
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Refuses a file that other software made, with one sentence. */
export function refuseForeign(database: DatabaseSync): void {
  const id = pragma(database, 'application_id')
  if (id === applicationId) return
  const empty = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n === 0
  if (id === 0 && empty) return
  throw new Problem('storage-unavailable', {
    detail: 'The file is a SQLite database, but not one of Signet.',
  })
}

/** The number that a pragma answers. */
export function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

function namesIn(database: DatabaseSync): Set<unknown> {
  return new Set(
    database
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map((row) => row.name),
  )
}

function wantedNames(): string[] {
  return collectionNames.flatMap((name) => [
    name,
    ...collections[name].indexes.map((index) => `${name}.${index}`),
  ])
}

function createTable(database: DatabaseSync, name: string, shape: Shape): void {
  const table = `"${name}"`
  // With all its columns at once: each one that is added later makes SQLite read the whole schema again.
  const generated = shape.indexes.filter((index) => !shape.lists?.includes(index)).map(columnOf)
  const own = [
    'id TEXT NOT NULL PRIMARY KEY',
    'version INTEGER NOT NULL',
    'expires_at INTEGER',
    'body TEXT NOT NULL',
  ]
  database.exec(`
    CREATE TABLE IF NOT EXISTS ${table} (${[...own, ...generated].join(', ')}) STRICT;
    CREATE INDEX IF NOT EXISTS "${name}.expires_at" ON ${table} (expires_at) WHERE expires_at IS NOT NULL;
  `)
  const columns = new Set(
    database
      .prepare(`PRAGMA table_xinfo(${table})`)
      .all()
      .map((column) => column.name),
  )
  for (const index of shape.indexes) {
    if (shape.lists?.includes(index)) createList(database, name, index)
    else createColumn(database, name, index, columns.has(index))
  }
}

/** Generated: older processes fill it without knowing, and a new index on old rows needs no pass over them. */
function columnOf(index: string): string {
  return `"${index}" TEXT GENERATED ALWAYS AS (body ->> '$.${index}') VIRTUAL`
}

function createColumn(database: DatabaseSync, name: string, index: string, exists: boolean): void {
  const table = `"${name}"`
  if (!exists) {
    database.exec(`ALTER TABLE ${table} ADD COLUMN ${columnOf(index)}`)
  }
  database.exec(
    `CREATE INDEX IF NOT EXISTS "${name}.${index}" ON ${table} ("${index}", id) WHERE "${index}" IS NOT NULL`,
  )
}

/** One row per value of the array, kept by triggers, so that each verb stays a single statement. */
function createList(database: DatabaseSync, name: string, index: string): void {
  const list = listTable(name, index)
  if (namesIn(database).has(`${name}.${index}`)) return
  const fill = (source: string) =>
    `INSERT INTO ${list} SELECT DISTINCT item.value, ${source}.id FROM json_each(${source}.body, '$.${index}') AS item WHERE item.type = 'text'`
  const clear = `DELETE FROM ${list} WHERE id = OLD.id`
  const trigger = (event: string, work: string) =>
    `CREATE TRIGGER "${name}.${index}.${event}" AFTER ${event} ON "${name}" BEGIN ${work}; END;`
  database.exec(`
    CREATE TABLE ${list} (value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (value, id)) STRICT, WITHOUT ROWID;
    CREATE INDEX "${name}.${index}.id" ON ${list} (id);
    ${trigger('INSERT', fill('NEW'))}
    ${trigger('UPDATE', `${clear}; ${fill('NEW')}`)}
    ${trigger('DELETE', clear)}
    INSERT INTO ${list} SELECT DISTINCT item.value, entity.id FROM "${name}" AS entity, json_each(entity.body, '$.${index}') AS item WHERE item.type = 'text';
  `)
}
