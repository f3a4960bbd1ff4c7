import type { Command } from './command.ts'

export const storeCommands: readonly Command[] = [
  {
    name: 'migrate',
    usage: 'migrate',
    summary: 'Bring the store to this version. The server does it at start, too.',
    async run({ toolbox }) {
      const ran = await toolbox.migrate()
      return {
        data: { ran },
        text: ran.length === 0 ? 'The store is up to date.\n' : `Ran ${ran.join(', ')}.\n`,
      }
    },
  },
  {
    name: 'backup',
    operands: ['file'],
    usage: 'backup <file>',
    summary:
      'Copy the SQLite store to a file while the server runs. The master key is not in it: keep that elsewhere.',
    async run({ toolbox, operands: [file = ''] }) {
      await toolbox.backUp(file)
      return {
        data: { file },
        text: `Wrote ${file}. Keep the master key as well: without it the copy cannot be read.\n`,
      }
    },
  },
  {
    name: 'restore',
    operands: ['file'],
    options: { force: { type: 'boolean' } },
    usage: 'restore <file> [--force]',
    summary: 'Put a back-up in the place of the SQLite store. Stop the server first.',
    async run({ toolbox, operands: [file = ''], options }) {
      await toolbox.restore(file, { force: options.force === true })
      return { data: { file }, text: `Restored from ${file}.\n` }
    },
  },
]
