import type { ExportItem, ExportPiece } from '../../identities/export/pieces.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { momentsOf } from '../moments.ts'
import { personShown } from '../session.ts'
import type { Made } from './data-download.ts'

interface Row {
  readonly label: string
  readonly value: string
}

interface ItemShown {
  readonly heading: string | undefined
  readonly rows: readonly Row[]
  /** In the page itself: nothing is fetched. */
  readonly image?: string
}

/** One of ours, that has words where it is shown. */
const ownWord = /^[a-z][a-z-]{1,30}$/
const mostWords = 2_000
const moment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** The data as a page that stands alone: no script, nothing from elsewhere, in the language of whoever downloads it. */
export function createDataDocument({ web }: Pick<AppDependencies, 'web'>) {
  const { words, documents, settings } = web

  return async function* (
    { at, issuer, page }: Made,
    pieces: AsyncIterable<ExportPiece>,
  ): AsyncGenerator<string> {
    const { language } = page.ctx.state
    const t = words.translate(language)
    const told = tellerIn(language, momentsOf(page))
    const head = { language, brand: settings.brand.name, issuer, at: momentsOf(page)(at) }
    yield documents('data-head', { ...head, t, name: personShown(page).name })
    let current: string | undefined
    for await (const piece of pieces) {
      if (piece.section !== current && current !== undefined) yield documents('data-close', {})
      if (piece.section !== current) yield documents('data-open', section(piece, told, t))
      yield documents('data-items', { items: piece.items.map((item) => told.item(item)) })
      current = piece.section
    }
    if (current !== undefined) yield documents('data-close', {})
    yield documents('data-foot', { t })
  }

  function section({ section: name, items, single }: ExportPiece, told: Teller, t: Translate) {
    const empty = items.length === 0 || (single && items.every((item) => told.item(item).rows.length === 0))
    const lead = told.word(`data:sections.${name}.lead`, '')
    return { name, title: told.word(`data:sections.${name}.title`, name), lead, empty, none: t('data:none') }
  }

  type Teller = ReturnType<typeof tellerIn>

  /** What has no words yet is shown by its name: nothing is left out. */
  function tellerIn(language: string, momentAt: ReturnType<typeof momentsOf>) {
    const t = words.translate(language)
    const known = new Map<string, string | undefined>()
    // Ten thousand lines ask for the same hundred words.
    const remembered = (key: string, find: () => string | undefined) => {
      if (!known.has(key) && known.size < mostWords) known.set(key, find())
      return known.has(key) ? known.get(key) : find()
    }
    const word = (key: string, otherwise: string): string =>
      remembered(key, () => (words.has(language, key) ? t(key) : undefined)) ?? otherwise

    function value(field: string, given: unknown): string {
      if (Array.isArray(given)) return given.map((one) => value(field, one)).join(', ')
      if (typeof given === 'object' && given !== null)
        return rowsOf(given as ExportItem)
          .map((row) => `${row.label}: ${row.value}`)
          .join('; ')
      const text = String(given)
      if (moment.test(text)) return momentAt(Date.parse(text)).text
      if (!ownWord.test(text)) return text
      if (field === 'way' || field === 'factor') return word(`factors:${text}.name`, text)
      return word(`data:values.${field}.${text}`, word(`data:values.${text}`, text))
    }

    const rowsOf = (item: ExportItem): Row[] =>
      Object.entries(item)
        .filter(([, given]) => given !== undefined && given !== '' && !isEmpty(given))
        .map(([field, given]) => ({ label: word(`data:fields.${field}`, field), value: value(field, given) }))

    function item({ action, ...rest }: ExportItem): ItemShown {
      if (typeof rest.jpeg === 'string') {
        const { jpeg, ...others } = rest
        return { heading: undefined, rows: rowsOf(others), image: `data:image/jpeg;base64,${jpeg}` }
      }
      if (typeof action !== 'string') return { heading: undefined, rows: rowsOf(rest) }
      const { application = rest.client_id ?? '', details } = rest
      const { factor } = (details ?? {}) as { factor?: unknown }
      const key = `account:activity.events.${action.replace('.', '-')}`
      const heading = remembered(`${key} ${application} ${factor}`, () => {
        if (!words.has(language, key)) return undefined
        const way = factor === undefined ? '' : t(`factors:${String(factor)}.name`)
        return t(key, { application, factor: way })
      })
      return { heading: heading ?? action, rows: rowsOf(rest) }
    }

    return { word, item }
  }
}

function isEmpty(given: unknown): boolean {
  return typeof given === 'object' && given !== null && Object.keys(given).length === 0
}
