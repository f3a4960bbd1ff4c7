// The child process in which argon2id runs, with a lower priority than the process that signs and answers.
// hash-pool.ts starts it, feeds it and bounds what is in flight; it ends when that process is gone.
import { readdirSync } from 'node:fs'
import { platform, setPriority } from 'node:os'
import { hash, verify } from 'argon2'

/** What the pool asks; `id` comes back in the answer. Passwords travel only over the private channel between the two processes. */
export type HashRequest = { readonly id: number; readonly password: string } & (
  | { readonly phc: string }
  | { readonly memory: number; readonly iterations: number; readonly parallelism: number }
)

export type HashAnswer = { readonly id: number } & (
  | { readonly result: string | boolean }
  | { readonly fault: string }
)

lowerPriority(Number(process.argv[2]))
// A terminal or service manager signals the whole group; requests in flight in the parent still need their hashes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit(0))
process.on('message', async (request: HashRequest) => {
  const answer = await work(request)
  process.send?.(answer)
})

async function work(request: HashRequest): Promise<HashAnswer> {
  const { id, password } = request
  try {
    if ('phc' in request) return { id, result: await verify(request.phc, password) }
    const { memory, iterations, parallelism } = request
    const options = { memoryCost: memory / 1024, timeCost: iterations, parallelism }
    return { id, result: await hash(password, options) }
  } catch (error) {
    return { id, fault: error instanceof Error ? error.message : 'unknown' }
  }
}

/** On Linux a priority belongs to a thread and is inherited by those started later: the ones that already run are lowered one by one. */
function lowerPriority(nice: number): void {
  setPriority(nice)
  if (platform() !== 'linux') return
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      setPriority(Number(thread), nice)
    } catch {
      // The thread ended meanwhile.
    }
  }
}
