/** The page that explains how a factor is written shows what really runs: its example in a copy of this checkout, as a fork has it. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const example = join(root, 'examples/new-factor')
const files = ['src/factors/grid-card.ts', 'views/factors/grid-card.ejs', 'test/factors/grid-card.test.ts']
const locales = ['en', 'de'].map((language) => `views/locales/${language}/factors.json`)
const run = promisify(execFile)
let copy: string | undefined

afterEach(async () => {
  if (copy !== undefined) await rm(copy, { recursive: true, force: true })
})

test.each([...files, ...locales])('docs/new-factor.md shows %s as it is', async (name) => {
  const page = await readFile(join(root, 'docs/new-factor.md'), 'utf8')
  const text = await readFile(join(example, name), 'utf8')
  expect(page).toContain(`\n\`\`\`${name.slice(name.lastIndexOf('.') + 1)}\n${text}\`\`\`\n`)
})

test('the example of docs/new-factor.md is built and signs people in', { timeout: 240_000 }, async () => {
  copy = await fork()
  // What they print says what is wrong.
  const complaint = (error: { stdout: string; stderr: string }) => error.stdout + error.stderr
  const node = (...words: string[]) =>
    run(process.execPath, words, { cwd: copy, env: { ...process.env, NO_COLOR: '1' } }).then(
      () => '',
      complaint,
    )
  expect(
    await node(join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noEmit'),
  ).toBe('')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  expect(await node(vitest, 'run', 'test/factors/grid-card.test.ts')).toBe('')
})

/** This checkout with the example where the page says that it belongs. */
async function fork(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-fork-'))
  const taken = ['bin', 'config', 'examples', 'src', 'test', 'views', 'package.json', 'vitest.config.ts']
  for (const name of [...taken, 'tsconfig.json', 'tsconfig.build.json'])
    await cp(join(root, name), join(folder, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const name of files) await cp(join(example, name), join(folder, name))
  for (const name of locales) {
    const [all, added] = await Promise.all([root, example].map((from) => readFile(join(from, name), 'utf8')))
    await writeFile(
      join(folder, name),
      JSON.stringify({ ...JSON.parse(all ?? ''), ...JSON.parse(added ?? '') }),
    )
  }
  const page = await readFile(join(root, 'docs/new-factor.md'), 'utf8')
  const index = join(folder, 'src/factors/index.ts')
  await writeFile(index, patched(await readFile(index, 'utf8'), page))
  return folder
}

/** The lines with a plus in the page's `diff`, each after the line that stands before it there. */
function patched(source: string, page: string): string {
  const [, diff = ''] = /```diff\n([\s\S]*?)```/.exec(page) ?? []
  let [text, before] = [source, '']
  for (const line of diff.trimEnd().split('\n')) {
    const words = line.slice(1)
    if (line.startsWith('+')) {
      if (!text.includes(`${before}\n`)) throw new Error(`src/factors/index.ts has no line ${before}`)
      text = text.replace(`${before}\n`, `${before}\n${words}\n`)
    }
    before = words
  }
  return text
}
