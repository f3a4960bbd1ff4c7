import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'

/** A part of a file that people download. `values` are printed escaped. */
export type Documents = (view: string, values: Readonly<Record<string, unknown>>) => string

/** Compiles what is in views/documents once. These are no pages of ours: they are opened from a disk, and carry their own style. */
export function createDocuments(views: URL): Documents {
  const folder = fileURLToPath(new URL('documents/', views))
  const compiled = new Map(
    readdirSync(folder).map((file) => [
      file.replace(/\.ejs$/, ''),
      ejs.compile(readFileSync(folder + file, 'utf8'), { rmWhitespace: true }),
    ]),
  )
  return (view, values) => {
    const template = compiled.get(view)
    if (template === undefined) throw new Error(`there is no document ${view}`)
    return template(values)
  }
}
