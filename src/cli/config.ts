import type { Command } from './command.ts'

export const configCommands: readonly Command[] = [
  {
    name: 'config check',
    usage: 'config check',
    summary: 'Check every setting and list all faults at once.',
    async run({ toolbox }) {
      const text = toolbox.checkConfig()
      return { data: { valid: true, summary: text }, text: `${text}\n` }
    },
  },
  {
    name: 'config reference',
    usage: 'config reference',
    summary: 'Print the reference of every setting as Markdown.',
    async run({ toolbox }) {
      const text = toolbox.configReference()
      return { data: { markdown: text }, text }
    },
  },
]
