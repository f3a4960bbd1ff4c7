import { readFileSync } from 'node:fs'

interface CpuProfile {
  readonly startTime: number
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Place {
  readonly name: string
  readonly where: string
}

/** What a profile says of a period (microseconds of the monotonic clock): the share of each part of the software, and the functions that took most, without the time spent idle. */
export function summarise(file: string, [from, to]: readonly [number, number], most = 45): string {
  const profile: CpuProfile = JSON.parse(readFileSync(file, 'utf8'))
  const places = new Map(profile.nodes.map((node) => [node.id, placeOf(node.callFrame)]))
  const own = new Map<number, number>()
  let at = profile.startTime
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index] ?? 0
    at += delta
    if (at >= from && at <= to) add(own, id, delta)
  })
  const byPart = new Map<string, number>()
  const byFunction = new Map<string, number>()
  let total = 0
  for (const [id, time] of own) {
    const place = places.get(id)
    if (place === undefined || place.name === '(idle)') continue
    total += time
    add(byPart, partOf(place), time)
    add(byFunction, `${place.name} ${place.where}`, time)
  }
  const lines = (map: Map<string, number>, count: number) =>
    [...map]
      .sort(([, one], [, other]) => other - one)
      .slice(0, count)
      .map(([name, time]) => `${((time / total) * 100).toFixed(1).padStart(6)} %  ${name}`)
  return [
    'by part:',
    ...lines(byPart, 24),
    'by function (own time):',
    ...lines(byFunction, most),
    'whole:',
    ...inclusive(profile, own, places, total, most * 2),
  ].join('\n')
}

/** Functions of ours with all that they call; recursion counts once. */
function inclusive(
  { nodes }: CpuProfile,
  own: ReadonlyMap<number, number>,
  places: ReadonlyMap<number, Place>,
  total: number,
  most: number,
): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const times = new Map<string, number>()
  const visit = (id: number, above: ReadonlySet<string>): number => {
    const place = places.get(id)
    const name = `${place?.name} ${place?.where}`
    const inside = new Set(above).add(name)
    let time = place?.name === '(idle)' ? 0 : (own.get(id) ?? 0)
    for (const child of byId.get(id)?.children ?? []) time += visit(child, inside)
    if (!above.has(name)) add(times, name, time)
    return time
  }
  const root = nodes[0]
  if (root !== undefined) visit(root.id, new Set())
  return [...times]
    .filter(([name]) => /src\/|oidc-provider/.test(name))
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([name, time]) => `${((time / total) * 100).toFixed(1).padStart(6)} %  ${name}`)
}

function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): Place {
  const where = url.replace(/^.*\/node_modules\//, '').replace(/^file:\/\/.*?\/(?=src\/|bench\/|bin\/)/, '')
  return { name: functionName || '(anonymous)', where: where === '' ? '' : `${where}:${lineNumber + 1}` }
}

/** `src/oidc`, a package, Node itself, or a word of V8's such as `(garbage collector)`. */
function partOf({ name, where }: Place): string {
  if (where.startsWith('node:')) return `node:${where.slice(5).split('/')[0]?.replace(/:\d+$/, '')}`
  if (where.startsWith('src/')) return where.split('/').slice(0, 2).join('/').replace(/:\d+$/, '')
  if (where === '') return name.startsWith('(') ? name : 'native'
  return where
    .split('/')
    .slice(0, where.startsWith('@') ? 2 : 1)
    .join('/')
}

function add<Key>(map: Map<Key, number>, key: Key, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value)
}
