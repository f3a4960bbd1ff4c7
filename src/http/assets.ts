import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

export interface Asset {
  readonly type: string
  readonly plain: Buffer
  /** Made when first asked for, then kept: at every start it would cost more than all the rest. Undefined where it would not be smaller. */
  compressed(encoding: Encoding): Promise<Buffer | undefined>
}

export type Encoding = keyof typeof compressors

const compressors = { br: promisify(brotliCompress), gzip: promisify(gzip) }

export interface Assets {
  /** The address of a file (or a folder of parts) under views/assets; its fingerprint makes it immutable. Throws for an unknown name. */
  url(name: string): string
  /** By path, as `url` gave it. */
  find(path: string): Asset | undefined
}

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
}

/** Reads every asset into memory: a few small files, served without touching the disk again. A folder is one file: its parts in the order of their names. */
export async function loadAssets(folder: URL): Promise<Assets> {
  const byName = new Map<string, string>()
  const byPath = new Map<string, Asset>()
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const { name } = entry
    const type = types[name.slice(name.lastIndexOf('.') + 1)]
    if (type === undefined) continue
    const plain = entry.isDirectory()
      ? await joined(new URL(`${name}/`, folder))
      : await readFile(new URL(name, folder))
    const path = fingerprinted(name, plain)
    byName.set(name, path)
    byPath.set(path, { type, plain, compressed: compressedOnce(plain) })
  }
  return {
    url(name) {
      const path = byName.get(name)
      if (path === undefined) throw new Error(`there is no asset ${name}`)
      return path
    },
    find: (path) => byPath.get(path),
  }
}

async function joined(folder: URL): Promise<Buffer> {
  const parts = (await readdir(folder)).sort()
  return Buffer.concat(await Promise.all(parts.map((part) => readFile(new URL(part, folder)))))
}

function fingerprinted(name: string, bytes: Buffer): string {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 10)
  const dot = name.lastIndexOf('.')
  return `/assets/${name.slice(0, dot)}.${hash}${name.slice(dot)}`
}

function compressedOnce(plain: Buffer): Asset['compressed'] {
  const made: { [encoding in Encoding]?: Promise<Buffer | undefined> } = {}
  return (encoding) => {
    made[encoding] ??= compressors[encoding](plain).then((bytes) =>
      bytes.length < plain.length ? bytes : undefined,
    )
    return made[encoding]
  }
}
