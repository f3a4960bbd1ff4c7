/** What the operating system knows about a server: where it may run, how much CPU time it and its children used, how much memory they hold. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** Where `taskset` is: prefix a command with what this answers and it runs on one core. */
export function onCore(core: number): readonly string[] {
  return canPin() ? ['taskset', '-c', String(core)] : []
}

/** Moves this process, with all threads it has, to one core. */
export function moveToCore(core: number): void {
  if (canPin()) execFileSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)])
}

let pinning: boolean | undefined

export function canPin(): boolean {
  pinning ??= works('taskset', ['-c', '1', 'true'])
  return pinning
}

function works(command: string, words: readonly string[]): boolean {
  try {
    execFileSync(command, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** CPU milliseconds, user and system, of a process and its living and ended children. A tick is 10 ms. */
export function cpuTime(pid: number): number {
  const ticks = family(pid).map((member) => {
    const [, , user, system, endedUser, endedSystem] = statOf(member)
    return user + system + endedUser + endedSystem
  })
  return (sum(ticks) * 1_000) / ticksPerSecond
}

/** Milliseconds that the threads of a process were on a core, to the nanosecond: what it takes by itself, however busy the machine is. */
export function timeOnCore(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const taken = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return sum(taken) / 1e6
}

/** Memory in MiB: what the process itself has resident, and the fair share (PSS) of it and its children together. */
export function memory(pid: number): { readonly resident: number; readonly family: number } {
  return {
    resident: kilobytes(`/proc/${pid}/status`, 'VmRSS') / 1024,
    family: sum(family(pid).map((member) => kilobytes(`/proc/${member}/smaps_rollup`, 'Pss'))) / 1024,
  }
}

function family(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`)
  const children = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(family)]
}

/** state, parent, then user and system time of the process and of its ended children. */
function statOf(pid: number): [string, number, number, number, number, number] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (index: number) => Number(fields[index])
  return [fields[0] ?? '', number(1), number(11), number(12), number(13), number(14)]
}

function kilobytes(file: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1])
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
