/**
 * The roof: the command line, of which the server (server.ts) is one command. What a command needs is loaded when it runs:
 * whoever asks for help or has a configuration checked does not wait for all the services.
 */
import { run, type Terminal, type Toolbox } from './cli/index.ts'
import { type Config, configReference, loadConfig, readRule, writtenRule } from './config.ts'
import type { Running } from './server.ts'

/** The command line. Answers the exit code; the server, once started, goes on until SIGTERM or SIGINT. */
export function main(
  words: readonly string[],
  { terminal = standard, ...options }: { env?: NodeJS.ProcessEnv; terminal?: Terminal } = {},
): Promise<number> {
  return run(
    words,
    toolbox(() => loadConfig(options)),
    terminal,
  )
}

function toolbox(settings: () => Config): Toolbox {
  return {
    checkConfig() {
      const { mode, issuer, storage } = settings()
      return `The configuration is valid: ${mode} mode, issuer ${issuer}, storage ${new URL(storage).protocol.slice(0, -1)}.`
    },
    configReference,
    readRule,
    writtenRule,
    async openServices() {
      const config = settings()
      const [{ compose }, { createLogger }] = await Promise.all([
        import('./house/index.ts'),
        import('./log.ts'),
      ])
      const house = await compose(config, { log: createLogger({ level: 'silent' }) })
      return { ...house, keys: house.oidc.keys }
    },
    async migrate() {
      const { migrate } = await import('./storage/open.ts')
      return migrate({ url: settings().storage, clock: Date.now })
    },
    async backUp(file) {
      const { backUp } = await import('./storage/backup.ts')
      return backUp(settings().storage, file)
    },
    async restore(file, options) {
      const { restore } = await import('./storage/backup.ts')
      return restore(settings().storage, file, options)
    },
    async start() {
      const config = settings()
      const [{ start }, { createLogger }] = await Promise.all([import('./server.ts'), import('./log.ts')])
      const running = await start(config, { log: createLogger(config.log) })
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void leave(running))
      return running.started
    },
  }
}

async function leave(running: Running): Promise<void> {
  await running.stop()
  process.exit(0)
}

const standard: Terminal = {
  write: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(`${text}\n`),
  async readInput() {
    let text = ''
    for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
    return text.replace(/\r?\n$/, '')
  },
}
