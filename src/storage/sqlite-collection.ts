import type { SQLInputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../ports/clock.ts'
import type { Collection, Draft, Entity, PageQuery } from '../ports/storage.ts'
import { checkIndex, checkKey, checkPage, endOfPrefix, expiryOf, most, pageOf } from './checks.ts'
import type { Shape } from './collections.ts'
import type { Connection } from './sqlite-connection.ts'
import { listTable } from './sqlite-schema.ts'

// More rows at once would keep requests, and other processes, waiting.
const batch = 500
const living = '(expires_at IS NULL OR expires_at > ?)'

/**
 * The verbs on one table. Each is a single statement, so that SQLite itself decides a race between processes.
 * `body` is the entity as JSON; its stored version and expiry are columns.
 */
export function createSqliteCollection<E extends Entity>(
  connection: Connection,
  clock: Clock,
  name: string,
  shape: Shape,
): Collection<E> {
  const { rows, row, change, attempt, write } = connection
  const always = shape.durable === 'always'
  const table = `"${name}"`
  const sql = statements(table)

  function matches(index: string): string {
    const checked = checkIndex(name, shape, index)
    if (!shape.lists?.includes(checked)) return `"${checked}" = ?`
    return `id IN (SELECT id FROM ${listTable(name, checked)} WHERE value = ?)`
  }

  /** Along the index, which for a list is a table of its own: a page of a long one reads as many rows as it shows. */
  function walk(index: string | undefined): Walk {
    if (index === undefined || !shape.lists?.includes(index))
      return { from: table, id: 'id', match: index === undefined ? '' : matches(index) }
    const from = `${listTable(name, index)} AS list CROSS JOIN ${table} AS entity ON entity.id = list.id`
    return { from, id: 'list.id', match: 'list.value = ?' }
  }

  return {
    async insert(draft, { mayBeLost = !always } = {}) {
      const values = [checkKey(draft.id), expiryOf(draft), JSON.stringify(draft), clock()]
      return write(!mayBeLost, () => change(sql.insert, values) === 1)
    },
    async get(id) {
      checkKey(id)
      return attempt(() => entityOf<E>(row(sql.get, [id, clock()])))
    },
    async findBy(index, value) {
      const text = `SELECT version, body FROM ${table} WHERE ${matches(index)} AND ${living} ORDER BY id LIMIT ${most}`
      checkKey(value)
      return attempt(() => entitiesOf<E>(rows(text, [value, clock()])))
    },
    async page(query) {
      checkPage(name, shape, query)
      const { from, id, match } = walk(query.where?.index)
      const { where, values } = conditions(query, id, match)
      const order = query.descending ? 'DESC' : 'ASC'
      const text = `SELECT version, body FROM ${from} WHERE ${where} ORDER BY ${id} ${order} LIMIT ?`
      const found = await attempt(() => entitiesOf<E>(rows(text, [...values, clock(), query.limit + 1])))
      return pageOf(found, query.limit)
    },
    async put(draft: Draft<E>) {
      const values = [checkKey(draft.id), expiryOf(draft), JSON.stringify(draft)]
      await write(always, () => change(sql.put, values))
    },
    async replace(entity, { mayBeLost = false } = {}) {
      const values = [expiryOf(entity), JSON.stringify(entity), checkKey(entity.id), entity.version, clock()]
      return write(!mayBeLost, () => change(sql.replace, values) === 1)
    },
    async take(id) {
      checkKey(id)
      return write(true, () => entityOf<E>(rows(sql.take, [id, clock()])[0]))
    },
    async remove(id, { mayBeLost = false } = {}) {
      checkKey(id)
      return write(!mayBeLost, () => countLiving(rows(sql.remove, [id, clock()])) === 1)
    },
    async removeBy(index, value) {
      const some = `SELECT rowid FROM ${table} WHERE ${matches(index)} LIMIT ${batch}`
      const text = `DELETE FROM ${table} WHERE rowid IN (${some}) RETURNING ${living}`
      checkKey(value)
      for (let removed = 0; ; await setImmediate()) {
        const gone = await write(true, () => rows(text, [value, clock()]))
        removed += countLiving(gone)
        if (gone.length < batch) return removed
      }
    },
    async sweep(now, batch) {
      return write(false, () => change(sql.sweep, [now, batch]))
    },
    async count() {
      return attempt(() => Number(row(sql.count, [clock()])?.[0]))
    },
  }
}

function statements(table: string) {
  const values = `INSERT INTO ${table} (id, version, expires_at, body) VALUES (?, 1, ?, ?)`
  const overwrite = 'expires_at = excluded.expires_at, body = excluded.body'
  return {
    insert: `${values} ON CONFLICT (id) DO UPDATE SET version = 1, ${overwrite} WHERE ${table}.expires_at <= ?`,
    put: `${values} ON CONFLICT (id) DO UPDATE SET version = ${table}.version + 1, ${overwrite}`,
    get: `SELECT version, body FROM ${table} WHERE id = ? AND ${living}`,
    replace: `UPDATE ${table} SET version = version + 1, expires_at = ?, body = ? WHERE id = ? AND version = ? AND ${living}`,
    take: `DELETE FROM ${table} WHERE id = ? AND ${living} RETURNING version, body`,
    remove: `DELETE FROM ${table} WHERE id = ? RETURNING ${living}`,
    sweep: `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    count: `SELECT count(*) FROM ${table} WHERE ${living}`,
  }
}

interface Walk {
  readonly from: string
  readonly id: string
  readonly match: string
}

function conditions(query: PageQuery, id: string, match: string) {
  const all: { text: string; value: SQLInputValue }[] = []
  if (query.where) all.push({ text: match, value: query.where.value })
  if (query.prefix !== undefined) {
    all.push({ text: `${id} >= ?`, value: query.prefix })
    const end = endOfPrefix(query.prefix)
    if (end !== undefined) all.push({ text: `${id} < ?`, value: end })
  }
  if (query.after !== undefined) {
    all.push({ text: query.descending ? `${id} < ?` : `${id} > ?`, value: query.after })
  }
  return {
    where: [...all.map((condition) => condition.text), living].join(' AND '),
    values: all.map((condition) => condition.value),
  }
}

function entityOf<E extends Entity>(row: unknown[] | undefined): E | undefined {
  if (row === undefined) return undefined
  const entity = JSON.parse(row[1] as string)
  // The body still says which version it was made from.
  entity.version = row[0]
  return entity
}

function entitiesOf<E extends Entity>(rows: unknown[][]): E[] {
  return rows.map((row) => entityOf<E>(row) as E)
}

function countLiving(rows: unknown[][]): number {
  return rows.filter(([lives]) => lives === 1).length
}
