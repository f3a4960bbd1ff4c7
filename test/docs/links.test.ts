import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/index.ts'

const root = resolve(import.meta.dirname, '../..')
const documents = ['*.md', 'docs/**/*.md', 'src/*.md'].flatMap((pattern) => globSync(pattern, { cwd: root }))
const texts = new Map(documents.map((name) => [name, readFileSync(join(root, name), 'utf8')]))

test.each(documents)('%s links only to what is there', (name) => {
  const broken = linksIn(texts.get(name) ?? '').filter((link) => !leadsSomewhere(name, link))
  expect(broken).toEqual([])
})

test('every command in the documentation is one, with options that it has', async () => {
  const commands = [...new Set([...texts.values()].flatMap(commandsIn))]
  const wrong = []
  for (const command of commands) if (!(await isKnown(command))) wrong.push(command)
  expect(commands.length).toBeGreaterThan(20)
  expect(wrong).toEqual([])
})

function linksIn(markdown: string): string[] {
  const prose = withoutCode(markdown)
  const written = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/\bsrc(?:set)?="([^"]+)"/g)]
  return written.map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link))
}

function leadsSomewhere(name: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? join(root, name) : resolve(root, dirname(name), path)
  if (!existsSync(target)) return false
  return anchor === undefined || anchorsIn(texts.get(relative(root, target)) ?? '').includes(anchor)
}

/** As code hosts make them from headings. */
function anchorsIn(markdown: string): string[] {
  const headings = [...withoutCode(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** `signet …` at the beginning of a line or after `npx`, in blocks and between backticks. */
function commandsIn(markdown: string): string[] {
  const joined = markdown.replace(/\\\n\s*/g, '')
  const blocks = [...joined.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    [...block.matchAll(/(?:npx|^) ?signet ([^#<>|\n]+)/gm)].map(([, words = '']) => words.trim()),
  )
  const inline = [...joined.matchAll(/`(?:npx )?signet ([a-z][^`]*)`/g)].map(([, words = '']) => words)
  return [...blocks, ...inline].filter((words) => !words.startsWith('help'))
}

async function isKnown(command: string): Promise<boolean> {
  const words = command.replace(/'[^']*'|"[^"]*"/g, 'x').split(/\s+/)
  const named = words.slice(0, 3).filter((word) => /^[a-z]+$/.test(word))
  for (let length = named.length; length > 0; length -= 1) {
    const usage: string[] = []
    const terminal = {
      write: (text: string) => void usage.push(text),
      warn: () => {},
      readInput: async () => '',
    }
    const code = await run([...named.slice(0, length), '--help'], {} as never, terminal)
    if (code !== 0) continue
    return words.filter((word) => word.startsWith('--')).every((option) => usage.join('').includes(option))
  }
  return false
}

function withoutCode(markdown: string): string {
  return markdown
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code))
}
