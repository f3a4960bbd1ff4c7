import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const modules = resolve(import.meta.dirname, '../../node_modules')
const cache = join(modules, '.cache/signet-browser')

// Containers and root have no sandbox; the rest keeps a machine without a display or much shared memory working.
const flags = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--font-render-hinting=none']

/**
 * A headless browser with nothing installed by hand: the Chromium from @sparticuz/chromium, with the shared libraries and fonts that come with it,
 * or the Chrome/Chromium that SIGNET_TEST_BROWSER names. Close it in the end. Several test processes may call this at once.
 */
export async function openBrowser(): Promise<Browser> {
  const named = process.env.SIGNET_TEST_BROWSER
  if (named) return chromium.launch({ executablePath: named, args: flags })
  const folder = await unpacked()
  const libraries = [join(folder, 'al2023/lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':')
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    args: flags,
    env: definedOnly({
      ...process.env,
      LD_LIBRARY_PATH: libraries,
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    }),
  })
}

/** The folder with the unpacked browser of the installed version. It appears whole, by one rename: whoever is second uses the first one's. */
async function unpacked(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(modules, '@sparticuz/chromium/package.json'), 'utf8'))
  const folder = join(cache, version)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(join(cache, 'draft-'))
  await unpack(draft)
  await writeFile(join(draft, 'fonts.conf'), fontsIn(folder))
  await rename(draft, folder).catch(async (error: NodeJS.ErrnoException) => {
    await rm(draft, { recursive: true })
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
  return folder
}

/** The package unpacks below the temporary folder, and its shared libraries only where it believes to be in the cloud: a process of its own is told both. */
async function unpack(target: string): Promise<void> {
  const script = "import('@sparticuz/chromium').then(({ default: chromium }) => chromium.executablePath())"
  await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: dirname(import.meta.dirname),
    env: { ...process.env, TMPDIR: target, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' },
  })
}

function fontsIn(folder: string): string {
  const folders = ['/usr/share/fonts', join(folder, 'fonts/fonts')].map((path) => `<dir>${path}</dir>`)
  return `<fontconfig>${folders.join('')}<cachedir>${join(folder, 'font-cache')}</cachedir></fontconfig>`
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
