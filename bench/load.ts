import { cpuTime } from './processes.ts'

/** One thing that is done over and over, by one of those who do it at the same time. */
export type Operation = () => Promise<unknown>

export interface Sample {
  readonly operations: number
  /** Of the server and its children, per operation, in milliseconds. */
  readonly cpu: number
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** Each operation again and again, one at a time, for so many seconds. */
export async function measure(
  pid: number,
  operations: readonly Operation[],
  seconds: number,
): Promise<Sample> {
  const latencies: number[] = []
  const startedAt = performance.now()
  const cpuBefore = cpuTime(pid)
  const until = startedAt + seconds * 1_000
  const loop = async (operation: Operation) => {
    for (let before = performance.now(); before < until; ) {
      await operation()
      const after = performance.now()
      latencies.push(after - before)
      before = after
    }
  }
  await Promise.all(operations.map(loop))
  const cpu = cpuTime(pid) - cpuBefore
  const elapsed = (performance.now() - startedAt) / 1_000
  latencies.sort((one, other) => one - other)
  return {
    operations: latencies.length,
    cpu: cpu / latencies.length,
    perSecond: latencies.length / elapsed,
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    p99: quantile(latencies, 0.99),
  }
}

/** Of sorted values. */
export function quantile(sorted: readonly number[], at: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN
}

/** The middle of several measurements, each figure on its own. */
export function medianOf(samples: readonly Sample[]): Sample {
  const figure = (name: keyof Sample) => median(samples.map((sample) => sample[name]))
  return {
    operations: figure('operations'),
    cpu: figure('cpu'),
    perSecond: figure('perSecond'),
    p50: figure('p50'),
    p95: figure('p95'),
    p99: figure('p99'),
  }
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((one, other) => one - other),
    0.5,
  )
}
