/** What a person or a program would try first. */
export type Weakness = 'common' | 'personal'

const shortestCommonWord = 4
const shortestPersonalWord = 3
const longestDigits = 4
const longestPiece = 64
const keyboardRows = [
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'qsdfghjklm',
  'zxcvbnm',
  'yxcvbnm',
]

/**
 * Why a password is no secret, if it is none: it is on the list of common ones, or nothing but one of them with repetitions, sequences and
 * short numbers around it; or it is made of what is known about the person, with at most one common word. Letter case and punctuation do not count.
 * `personal` are texts about the person: addresses, names, the name of the service.
 */
export async function weaknessOf(
  password: string,
  personal: readonly string[],
): Promise<Weakness | undefined> {
  const common = await commonPasswords()
  const own = new Set(personal.flatMap(wordsOf))
  if (common.has(password.toLowerCase())) return 'common'
  const text = folded(password)
  // Mostly punctuation: what is left says nothing about the whole.
  if (text.length * 2 < password.length) return isFiller(password) ? 'common' : undefined
  const pieces = piecesOf(text, { common, own })
  if (pieces === undefined) return undefined
  const words = new Set(pieces.filter((piece) => piece.kind === 'common').map((piece) => piece.text))
  if (words.size > 1) return undefined
  return pieces.some((piece) => piece.kind === 'own') ? 'personal' : 'common'
}

interface Words {
  readonly common: ReadonlySet<string>
  readonly own: ReadonlySet<string>
}

interface Piece {
  readonly kind: 'own' | 'common' | 'filler'
  readonly text: string
}

const cost = { own: 1, common: 1_000, filler: 1 }

interface Cut {
  readonly cost: number
  readonly last?: Piece
  readonly before?: Cut
}

/** The text cut into known pieces with as few common words as possible; undefined when some part of it is not known. */
function piecesOf(text: string, words: Words): Piece[] | undefined {
  // The cheapest way to cut the first n characters.
  const best: (Cut | undefined)[] = [{ cost: 0 }]
  for (let end = 1; end <= text.length; end += 1) {
    for (let start = Math.max(0, end - longestPiece); start < end; start += 1) {
      const before = best[start]
      const piece = text.slice(start, end)
      const kind = before === undefined ? undefined : kindOf(piece, words)
      if (before === undefined || kind === undefined) continue
      const total = before.cost + cost[kind]
      if (total < (best[end]?.cost ?? Number.POSITIVE_INFINITY))
        best[end] = { cost: total, last: { kind, text: piece }, before }
    }
  }
  return unwound(best[text.length])
}

function unwound(cut: Cut | undefined): Piece[] | undefined {
  if (cut === undefined) return undefined
  const pieces: Piece[] = []
  for (let at = cut; at.last !== undefined && at.before !== undefined; at = at.before) pieces.push(at.last)
  return pieces
}

function kindOf(piece: string, { own, common }: Words): Piece['kind'] | undefined {
  if (isFiller(piece)) return 'filler'
  if (own.has(piece)) return 'own'
  return piece.length >= shortestCommonWord && common.has(piece) ? 'common' : undefined
}

/** A short number, the same character again and again, or neighbours in a row (`abcdef`, `54321`, `90`, `asdf`). */
function isFiller(piece: string): boolean {
  if (piece.length <= longestDigits && /^\d+$/.test(piece)) return true
  if (piece.length < 3) return false
  if (keyboardRows.some((row) => row.includes(piece))) return true
  const steps = new Set<number>()
  for (let index = 1; index < piece.length; index += 1) {
    const step = piece.charCodeAt(index) - piece.charCodeAt(index - 1)
    // After 9 comes 0, and the other way round.
    steps.add(step === -9 ? 1 : step === 9 ? -1 : step)
  }
  const [step] = steps
  return steps.size === 1 && step !== undefined && Math.abs(step) <= 1
}

function wordsOf(text: string): string[] {
  const parts = text.split(/[^\p{L}\p{N}]+/u)
  return [text, ...parts].map(folded).filter((word) => word.length >= shortestPersonalWord)
}

function folded(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}

let loading: Promise<ReadonlySet<string>> | undefined

/** About 50 000, from a maintained list; loaded when the first password is chosen, because it takes a moment of the start otherwise. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  loading ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  )
  return loading
}
