/** Holds the floor table of src/README.md as data: an import outside it, an unknown folder or a forbidden word fails here. */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = resolve(import.meta.dirname, '../src')

/** Folder → the folders of src it may import, besides itself. The roof, which may import everything, is the files directly in src, config/ and house/. */
const floors: Record<string, readonly string[]> = {
  domain: [],
  ports: ['domain'],
  factors: ['ports', 'domain'],
  signals: ['ports', 'domain'],
  identities: ['ports', 'domain'],
  authentication: ['ports', 'domain'],
  clients: ['ports', 'domain'],
  audit: ['ports', 'domain'],
  recovery: ['ports', 'domain', 'authentication', 'identities'],
  oidc: ['ports', 'domain'],
  storage: ['ports', 'domain'],
  messaging: ['ports', 'domain'],
  networks: ['ports', 'domain'],
  pictures: ['ports', 'domain'],
  vault: ['ports', 'domain'],
  http: [
    'ports',
    'domain',
    'factors',
    'identities',
    'authentication',
    'clients',
    'audit',
    'recovery',
    'oidc',
  ],
  cli: ['ports', 'domain', 'factors', 'identities', 'authentication', 'clients', 'audit', 'recovery', 'oidc'],
}

/** Folder → packages and node modules that it may not touch. */
const forbiddenPackages: Record<string, RegExp> = {
  domain: /./,
  ports: /./,
  factors: /^(koa|@koa\/|oidc-provider|mongodb|node:(fs|http|https|net|sqlite|child_process)|ejs)/,
  // Pure functions over facts.
  signals: /./,
  identities: /^(koa|@koa\/|oidc-provider|mongodb|node:(fs|http|https|net|sqlite))/,
  authentication: /^(koa|@koa\/|oidc-provider|mongodb|node:(fs|http|https|net|sqlite))/,
  recovery: /^(koa|@koa\/|oidc-provider|mongodb|node:(fs|http|https|net|sqlite))/,
  clients: /^(koa|@koa\/|oidc-provider|mongodb|node:(fs|http|https|net|sqlite))/,
  audit: /^(koa|@koa\/|oidc-provider|mongodb|node:(fs|http|https|net|sqlite))/,
  oidc: /^(mongodb|node:sqlite|ejs|argon2|nodemailer)/,
  storage: /^(koa|@koa\/|oidc-provider|ejs|argon2|nodemailer)/,
  messaging: /^(koa|@koa\/|oidc-provider|mongodb|node:sqlite|argon2)/,
  networks: /^(koa|@koa\/|oidc-provider|mongodb|node:(sqlite|http|https|net)|undici|ejs|argon2|nodemailer)/,
  pictures: /^(koa|@koa\/|oidc-provider|mongodb|node:(sqlite|http|https|net)|undici|ejs|argon2|nodemailer)/,
  vault: /^(koa|@koa\/|oidc-provider|mongodb|node:sqlite|ejs|nodemailer)/,
  http: /^(mongodb|node:sqlite|argon2|nodemailer)/,
  cli: /^(koa|@koa\/|mongodb|node:sqlite|argon2|nodemailer|ejs)/,
}

interface Source {
  readonly path: string
  readonly folder: string
  readonly text: string
  readonly imports: readonly string[]
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => {
    const file = join(entry.parentPath, entry.name)
    const path = relative(src, file)
    const text = readFileSync(file, 'utf8')
    return { path, folder: folderOf(path), text, imports: importsOf(text) }
  })

function folderOf(path: string): string {
  const [first = ''] = path.split('/')
  return path.includes('/') && !['config', 'house'].includes(first) ? first : 'roof'
}

function importsOf(text: string): string[] {
  const patterns = [/\bfrom\s+'([^']+)'/g, /\bimport\s+'([^']+)'/g, /\bimport\(\s*'([^']+)'\s*\)/g]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))
}

function targetFolder(source: Source, specifier: string): string {
  return folderOf(relative(src, resolve(dirname(join(src, source.path)), specifier)))
}

describe('the architecture', () => {
  it('has no folder that the floor table does not know', () => {
    const unknown = sources.filter((source) => source.folder !== 'roof' && !(source.folder in floors))
    expect(unknown.map((source) => source.path)).toEqual([])
  })

  it('lets a folder import only from its own floor table line', () => {
    const wrong = sources
      .filter((source) => source.folder !== 'roof')
      .flatMap((source) =>
        source.imports
          .filter((specifier) => specifier.startsWith('.'))
          .filter((specifier) => {
            const target = targetFolder(source, specifier)
            return target !== source.folder && !floors[source.folder]?.includes(target)
          })
          .map((specifier) => `${source.path} → ${specifier}`),
      )
    expect(wrong).toEqual([])
  })

  it('keeps packages out of the folders that must not know them', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((specifier) => !specifier.startsWith('.'))
        .filter((specifier) => forbiddenPackages[source.folder]?.test(specifier))
        .map((specifier) => `${source.path} → ${specifier}`),
    )
    expect(wrong).toEqual([])
  })

  it('spells the modules of Node with their prefix', () => {
    const bareModules = builtinModules.filter((name) => !name.startsWith('node:'))
    const bare = sources.flatMap((source) =>
      source.imports
        .filter((specifier) => bareModules.includes(specifier))
        .map((specifier) => `${source.path} → ${specifier}`),
    )
    expect(bare).toEqual([])
  })

  it('reads the environment only in the configuration', () => {
    const readers = sources.filter(({ text }) =>
      /\bprocess\.env\b|\benv\s*}\s*from\s+'node:process'/.test(text),
    )
    expect(readers.map((source) => source.path).filter((path) => path !== 'config.ts')).toEqual([])
  })

  it('has no clock and no randomness in the domain', () => {
    const impure = sources.filter(
      ({ folder, text }) => folder === 'domain' && /Date\.now|new Date\(\)|Math\.random|crypto/.test(text),
    )
    expect(impure.map((source) => source.path)).toEqual([])
  })

  it('has no code that runs in the ports', () => {
    const running = sources.filter(
      ({ folder, text }) => folder === 'ports' && /^export (async )?(function|class|const|let)\b/m.test(text),
    )
    expect(running.map((source) => source.path)).toEqual([])
  })

  it('quotes the name of a factor only in its own file', () => {
    const names = sources
      .filter((source) => source.folder === 'factors')
      .flatMap((source) =>
        [...source.text.matchAll(/\bname:\s*'([a-z-]+)'/g)].map((match) => ({
          name: match[1] ?? '',
          home: source.path,
        })),
      )
    expect(names.map(({ name }) => name)).toContain('password')
    const leaks = names.flatMap(({ name, home }) =>
      sources
        // A channel may be called like the one factor that uses it.
        .filter(({ path }) => path !== home && path !== 'domain/channel.ts')
        .filter(({ text }) => new RegExp(`(['"\`])${name}\\1`).test(text))
        .map(({ path }) => `${path} says '${name}'`),
    )
    expect(leaks).toEqual([])
  })

  it('knows no session, cookie or token in the engine', () => {
    const engine = sources.filter(
      ({ path, folder }) =>
        folder === 'authentication' || path === 'domain/authentication.ts' || path === 'domain/policy.ts',
    )
    const words = engine.filter(({ text }) => /\b(session|cookie|token)s?\b/i.test(text))
    expect(words.map((source) => source.path)).toEqual([])
  })

  it('reads like its own table: src/README.md names every folder', () => {
    const readme = readFileSync(join(src, 'README.md'), 'utf8')
    expect(Object.keys(floors).filter((folder) => !readme.includes(`\`${folder}/\``))).toEqual([])
  })

  it('has no file without a subject', () => {
    const vague = sources.filter(({ path }) =>
      /(^|\/|-)(utils?|helpers?|common|manager|misc)(-|\.|\/)/.test(path),
    )
    expect(vague.map((source) => source.path)).toEqual([])
  })

  it('stops every file at 300 lines', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > 300)
    expect(long.map((source) => source.path)).toEqual([])
  })
})
