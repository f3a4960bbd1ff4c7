import type { Credential } from '../domain/credential.ts'
import type { Context, Enrolled, Factor, Form, Verdict } from '../ports/factor.ts'

/** What is kept of a card: a keyed hash of each square, so that a copy of the store is no copy of the card. */
interface Data {
  readonly hashes: Readonly<Record<string, string>>
  /** How often it proved somebody; each number is a question of its own. */
  readonly used: number
}

/** What the page that asks leaves with the engine, sealed, until the answer comes. */
interface Challenge {
  readonly asked: readonly string[]
  /** While a card is made: what is printed on it. */
  readonly card?: Readonly<Record<string, string>>
}

const columns = [...'ABCDEFGH']
const rows = [...'1234']
const squares = rows.flatMap((row) => columns.map((column) => column + row))
// Nothing that looks like something else on paper. As many as there are squares: five bits of a random byte choose one.
const alphabet = [...'ABCDEFGHJKLMNPQRSTUVWXYZ23456789']
const asked = 3

/** A printed card of 32 squares with two letters each; three of them are asked for after another proof, 30 random bits in all. */
export function gridCard() {
  /** Whoever looked over a shoulder cannot begin anew until squares come that they know: the question stays until it is answered. */
  const questionFor = ({ mac, identity }: Context, { used }: Data) =>
    distinct(Buffer.from(mac(`question ${identity?.id} ${used}`), 'base64url'), asked)

  const hashOf = ({ mac, identity }: Context, square: string, typed: string) =>
    mac(`square ${identity?.id} ${square} ${typed}`)

  async function begin(context: Context, [credential]: readonly Credential<Data>[]) {
    const question = questionFor(context, credential?.data ?? nobodys)
    return { challenge: { asked: question }, show: { asked: question } }
  }

  async function verify(
    context: Context,
    { data }: { readonly data: Data },
    challenge: Challenge | undefined,
    form: Form,
  ): Promise<Verdict<Data>> {
    const question = questionFor(context, data)
    // The engine calls again with the newer card when somebody else was faster: then this is another question.
    if (challenge?.asked.join() !== question.join()) return { status: 'refused', reason: 'used' }
    const typed = lettersIn(form)
    const right = question.map(
      (square, at) => hashOf(context, square, typed.slice(2 * at, 2 * at + 2)) === data.hashes[square],
    )
    if (typed.length !== 2 * asked || right.includes(false)) return { status: 'refused' }
    return { status: 'proved', credential: { ...data, used: data.used + 1 } }
  }

  return {
    name: 'grid-card',
    categories: ['possession'],
    amr: ['otp'],
    first: false,
    single: true,
    resettable: false,
    decoy: nobodys,
    begin,
    verify,
    enrolment: {
      async begin({ random }, _enrolled, running) {
        const challenge = running ?? newCard(random)
        return { challenge, show: { ...challenge, columns, rows } }
      },
      async finish(context, challenge, form): Promise<Enrolled<Data>> {
        const { card, asked: [square = ''] = [] } = challenge ?? {}
        if (card === undefined || lettersIn(form) !== card[square])
          return { status: 'refused', reason: 'mismatch' }
        const hashes = squares.map((each) => [each, hashOf(context, each, card[each] ?? '')] as const)
        return { status: 'enrolled', data: { hashes: Object.fromEntries(hashes), used: 0 } }
      },
    },
  } satisfies Factor<Data, Challenge>
}

const nobodys: Data = { hashes: {}, used: 0 }

function newCard(random: Context['random']): Challenge {
  const letters = [...Buffer.from(random(2 * squares.length), 'base64url')].map((byte) => alphabet[byte & 31])
  const card = squares.map((square, at) => [square, letters.slice(2 * at, 2 * at + 2).join('')] as const)
  // One square is asked for at once: a card that was not kept is no way back in.
  return { asked: distinct(Buffer.from(random(32), 'base64url'), 1), card: Object.fromEntries(card) }
}

/** The first `count` different squares that these bytes choose. */
function distinct(bytes: Buffer, count: number): readonly string[] {
  return [...new Set([...bytes].map((byte) => squares[byte & 31] ?? ''))].slice(0, count)
}

function lettersIn({ code = '' }: Form): string {
  return code.toUpperCase().replace(/[^0-9A-Z]/g, '')
}
