import type { AddressClaim, Claims, ClaimsChange } from '../../domain/claims.ts'
import type { Form } from '../../ports/factor.ts'
import type { Translate, Words } from '../language.ts'
import { timeZones } from './time-zones.ts'

type Plain = Exclude<keyof Claims, 'address' | 'picture'>
type Part = Exclude<keyof AddressClaim, 'formatted'>

/** One input of the form. `autocomplete`: the standard's own token, so that browsers fill it in. */
interface Entry {
  readonly name: Plain | Part
  readonly autocomplete?: string
  readonly type?: string
  readonly maxlength?: number
}

/** What the form asks for, group after group; all but the first are folded away until something is in them. */
const groups: Readonly<Record<'name' | 'more' | 'address', readonly Entry[]>> = {
  name: [
    { name: 'name', autocomplete: 'name' },
    { name: 'given_name', autocomplete: 'given-name' },
    { name: 'middle_name', autocomplete: 'additional-name' },
    { name: 'family_name', autocomplete: 'family-name' },
    { name: 'nickname', autocomplete: 'nickname' },
  ],
  more: [
    { name: 'website', autocomplete: 'url', type: 'url', maxlength: 2_000 },
    { name: 'birthdate', autocomplete: 'bday', maxlength: 10 },
    { name: 'gender', autocomplete: 'sex', maxlength: 64 },
    { name: 'profile', type: 'url', maxlength: 2_000 },
  ],
  address: [
    { name: 'street_address', autocomplete: 'street-address', maxlength: 500 },
    { name: 'postal_code', autocomplete: 'postal-code', maxlength: 40 },
    { name: 'locality', autocomplete: 'address-level2' },
    { name: 'region', autocomplete: 'address-level1' },
    { name: 'country', autocomplete: 'country-name', maxlength: 100 },
  ],
}

const parts = groups.address.map(({ name }) => name) as readonly Part[]
const plain = [...groups.name, ...groups.more, { name: 'locale' }, { name: 'zoneinfo' }] as readonly {
  readonly name: Plain
}[]

/**
 * What was typed, as a change of claims. Field by field: nothing else that a form may hold is looked at (S38). A field that is not there changes nothing,
 * an empty one takes its claim away.
 */
export function claimsIn(form: Form): ClaimsChange {
  const typed = plain.flatMap(({ name }) => {
    const text = form[name]
    return text === undefined ? [] : [[name, written(name, text.trim()) || null]]
  })
  const address = parts.some((part) => form[part] !== undefined) ? { address: addressIn(form) } : {}
  return { ...Object.fromEntries(typed), ...address }
}

/** An address without its beginning is meant as people say it. */
function written(name: Plain, text: string): string {
  const isAddress = name === 'website' || name === 'profile'
  return isAddress && text !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(text) ? `https://${text}` : text
}

/** With `formatted`, which many applications read alone (OIDC Core 5.1.1). */
function addressIn(form: Form): AddressClaim | null {
  const typed = (part: Part) => form[part]?.replaceAll('\r\n', '\n').trim() ?? ''
  const given = parts.filter((part) => typed(part) !== '')
  if (given.length === 0) return null
  const lines = [
    typed('street_address'),
    [typed('postal_code'), typed('locality')].filter(Boolean).join(' '),
    typed('region'),
    typed('country'),
  ]
  const formatted = lines.filter(Boolean).join('\n')
  return { formatted, ...Object.fromEntries(given.map((part) => [part, typed(part)])) }
}

export interface FormState {
  readonly claims: Claims
  /** What was typed, when there is a mistake in it. */
  readonly typed: Form
  /** The claim that is not as it should be. */
  readonly mistake: string | undefined
  /** The languages on offer. */
  readonly languages: readonly string[]
}

/** What the view prints: every field with its words, its value, and what is wrong with it. */
export function profileForm(state: FormState, t: Translate, words: Pick<Words, 'has' | 'languages'>) {
  const { claims, typed, mistake } = state
  const isWrong = (name: string) =>
    name === mistake || (mistake === 'address' && name === groups.address[0]?.name)
  const shownIn = (name: Plain | Part): string => {
    const kept = parts.includes(name as Part) ? claims.address?.[name as Part] : claims[name as Plain]
    return typed[name] ?? kept ?? ''
  }
  const sentence = (name: string) => {
    const key = `profile:mistake.${name}`
    return t(words.has(words.languages[0] ?? 'en', key) ? key : 'account:profile.mistake')
  }
  const field = ({ name, autocomplete, type, maxlength = 200 }: Entry) => ({
    id: name,
    name,
    label: t(`profile:label.${name}`),
    autocomplete,
    value: shownIn(name),
    maxlength,
    type: name === 'birthdate' ? dateType(shownIn(name)) : type,
    lines: name === 'street_address' ? 2 : undefined,
    required: name === 'name',
    hint: name === 'birthdate' ? t('profile:birthdate-hint') : undefined,
    mistake: isWrong(name) ? sentence(name) : undefined,
  })
  const group = (name: keyof typeof groups) => {
    const fields = groups[name].map(field)
    return { name, fields, open: fields.some(({ value, mistake: wrong }) => value !== '' || wrong) }
  }
  return {
    called: group('name').fields,
    folded: [group('more'), group('address')],
    reading: languageField(state, shownIn('locale'), t),
    zone: { ...timeZones(shownIn('zoneinfo')), value: shownIn('zoneinfo') },
  }
}

/** A date is chosen; a year alone, or a day without its year, as an administrator may have written it, stays text. */
function dateType(value: string): string {
  return value === '' || /^(?!0000)\d{4}-\d\d-\d\d$/.test(value) ? 'date' : 'text'
}

/** What was typed may be no language at all, and not everything that names one (`de-u-co-phonebk`) has a name. */
function nameOf(code: string): string {
  try {
    return new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code
  } catch {
    return code
  }
}

/** Each in its own words; one that is not on offer here stays if the person has it. */
function languageField({ languages }: FormState, value: string, t: Translate) {
  const known = value === '' || languages.includes(value) ? languages : [value, ...languages]
  return {
    value,
    options: [
      { value: '', label: t('profile:language.none') },
      ...known.map((code) => ({ value: code, label: nameOf(code) })),
    ],
  }
}
