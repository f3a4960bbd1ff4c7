import { type Command, withServices } from './command.ts'

export const keysCommands: readonly Command[] = [
  {
    name: 'keys list',
    usage: 'keys list',
    summary: 'List the signing keys: next, current and retired.',
    run: ({ toolbox }) =>
      withServices(toolbox, async ({ keys }) => {
        const all = await keys.list()
        return {
          data: all,
          text: all.map((key) => `${key.alg.padEnd(6)} ${key.state.padEnd(9)} ${key.kid}\n`).join(''),
        }
      }),
  },
  {
    name: 'keys rotate',
    options: { now: { type: 'boolean' } },
    usage: 'keys rotate [--now]',
    summary:
      'Publish new signing keys; they sign once everybody can know them. --now: at once, after a compromise.',
    run: ({ toolbox, options }) =>
      withServices(toolbox, async ({ keys, audit }) => {
        await keys.rotate({ now: options.now === true })
        await audit.record({
          action: 'key.rotated',
          result: 'success',
          actor: { kind: 'operator', id: 'command-line' },
          details: { now: options.now === true },
        })
        const all = await keys.list()
        const from = Math.max(...all.filter(({ state }) => state === 'next').map((key) => key.signsFrom))
        const text =
          options.now === true
            ? 'New keys sign from now on; the old ones are withdrawn.\n'
            : `New keys are published, and sign from ${new Date(from).toISOString()} on.\n`
        return { data: all, text }
      }),
  },
]
