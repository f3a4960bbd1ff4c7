/** Factors that are not shipped: each is one object, and no file of the engine knows its name. */
import type { Identifier } from '../../src/domain/identifier.ts'
import { backupCode } from '../../src/factors/backup-code.ts'
import { totp } from '../../src/factors/totp.ts'
import type { Factor, Factors } from '../../src/ports/factor.ts'

interface Word {
  readonly word: string
}

interface Riddle {
  readonly number: string
}

/** Something one has: a word, spoken together with the number that the page shows. One challenge, one verdict. */
export const spokenWord = {
  name: 'spoken-word',
  categories: ['possession'],
  amr: ['otp'],
  first: false,
  single: false,
  resettable: false,
  challengeLifetime: 60_000,
  decoy: { word: '' },
  async begin({ random }) {
    const number = random(6)
    return { challenge: { number }, show: { number } }
  },
  async verify(_context, { data }, challenge, form) {
    const said = form.said ?? ''
    if (said === 'mumble') return { status: 'refused', reason: 'mumbled' }
    return said === `${data.word} ${challenge?.number}` ? { status: 'proved' } : { status: 'refused' }
  },
  enrolment: {
    async begin({ random }) {
      const word = random(6)
      return { challenge: { number: word }, show: { word } }
    },
    async finish(_context, challenge, form) {
      return challenge !== undefined && form.said === challenge.number
        ? { status: 'enrolled', data: { word: challenge.number }, label: form.label ?? 'a word' }
        : { status: 'refused', reason: 'misheard' }
    },
  },
} satisfies Factor<Word, Riddle>

interface Counted {
  readonly step: number
}

/** A code that is good once: the step it was for is stored, and only a later one is taken. */
export const countedCode = {
  name: 'counted-code',
  categories: ['possession'],
  amr: ['otp'],
  first: false,
  single: true,
  resettable: false,
  decoy: { step: 0 },
  async verify(_context, { data }, _challenge, form) {
    const step = Number(form.code)
    return step > data.step
      ? { status: 'proved', credential: { step } }
      : { status: 'refused', reason: 'used' }
  },
  enrolment: { finish: async () => ({ status: 'enrolled', data: { step: 0 } }) },
} satisfies Factor<Counted, never>

/** A code by mail: nobody enrols it, whoever has a proved address has it. A slip of the finger does not cost a message. */
export const mailedCode = {
  name: 'mailed-code',
  categories: ['possession'],
  amr: ['otp'],
  channel: 'email',
  first: true,
  single: false,
  resettable: false,
  implied: 'email',
  challengeTries: 3,
  decoy: { kind: 'email', value: 'nobody', written: 'nobody' },
  async begin({ random, mac, send, language }, [credential]) {
    const code = random(6)
    if (credential !== undefined)
      await send({ template: 'factor-code', to: credential.data, language, values: { code } })
    return { challenge: { code: mac(code) } }
  },
  async verify({ mac }, _credential, challenge, form) {
    return mac(form.code ?? '') === challenge?.code ? { status: 'proved' } : { status: 'refused' }
  },
} satisfies Factor<Identifier, { readonly code: string }>

/** A phone that is asked, and answers in its own time. */
export function askedPhone(answers: Map<string, boolean>) {
  return {
    name: 'asked-phone',
    categories: ['possession'],
    amr: ['pop'],
    channel: 'push',
    first: false,
    single: true,
    resettable: false,
    challengeTries: 2,
    decoy: { phone: '' },
    async begin({ random }) {
      const question = random(6)
      return { challenge: { question }, show: { question } }
    },
    async verify(_context, _credential, challenge) {
      const answer = answers.get(challenge?.question ?? '')
      if (answer === undefined) return { status: 'pending', show: { waiting: true } }
      return answer ? { status: 'proved' } : { status: 'refused', reason: 'declined' }
    },
    enrolment: { finish: async () => ({ status: 'enrolled', data: { phone: 'p' } }) },
  } satisfies Factor<{ readonly phone: string }, { readonly question: string }>
}

/** A key that says whose it is: something one has and something one is, at once. */
export const namedKey = {
  name: 'named-key',
  categories: ['possession', 'inherence'],
  amr: ['pop', 'user'],
  phishingResistant: true,
  first: true,
  single: false,
  resettable: false,
  unguessable: true,
  decoy: { key: '' },
  handle: (form) => form.key,
  async begin({ random }) {
    const nonce = random(6)
    return { challenge: { nonce }, show: { nonce } }
  },
  async verify(_context, { data }, challenge, form) {
    return form.signature === `${data.key}/${challenge?.nonce}` ? { status: 'proved' } : { status: 'refused' }
  },
  enrolment: {
    finish: async (_context, _challenge, form) => ({
      status: 'enrolled',
      data: { key: form.key ?? '' },
      handle: form.key ?? '',
    }),
  },
} satisfies Factor<{ readonly key: string }, { readonly nonce: string }>

/** Shipped ones whose answers are good once: for races between processes. */
export const oneTimeFactors: Factors = [
  totp({
    serviceName: 'Signet',
    settings: { enabled: true, algorithm: 'SHA-1', digits: 6, period: 30_000, window: 1 },
  }),
  backupCode({ serviceName: 'Signet', settings: { enabled: true, count: 10 } }),
]
