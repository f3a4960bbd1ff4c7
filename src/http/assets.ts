import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

export interface Asset {
  readonly type: string
  readonly plain: Buffer
  /** Prepared once at start; absent where it would not be smaller. */
  readonly br?: Buffer
  readonly gzip?: Buffer
}

export interface Assets {
  /** The address of a file under views/assets; its fingerprint makes it immutable. Throws for an unknown name. */
  url(name: string): string
  /** By path, as `url` gave it. */
  find(path: string): Asset | undefined
}

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Reads every asset into memory: a few small files, served without touching the disk again. */
export async function loadAssets(folder: URL): Promise<Assets> {
  const byName = new Map<string, string>()
  const byPath = new Map<string, Asset>()
  for (const name of (await readdir(folder)).sort()) {
    const type = types[name.slice(name.lastIndexOf('.') + 1)]
    if (type === undefined) continue
    const plain = await readFile(new URL(name, folder))
    const path = fingerprinted(name, plain)
    byName.set(name, path)
    byPath.set(path, { type, plain, ...(await compressed(plain)) })
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

function fingerprinted(name: string, bytes: Buffer): string {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 10)
  const dot = name.lastIndexOf('.')
  return `/assets/${name.slice(0, dot)}.${hash}${name.slice(dot)}`
}

async function compressed(plain: Buffer): Promise<Partial<Asset>> {
  const [br, gz] = await Promise.all([promisify(brotliCompress)(plain), promisify(gzip)(plain)])
  return {
    ...(br.length < plain.length ? { br } : {}),
    ...(gz.length < plain.length ? { gzip: gz } : {}),
  }
}
