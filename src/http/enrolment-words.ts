import type { About, Shown } from '../ports/factor.ts'
import type { Web } from './web.ts'

/** The button that ends an enrolment, or takes it one step further (`show.save`): the factor's own words (`enrol.save`), else those of the page. */
export function saveWords(
  { words }: Pick<Web, 'words'>,
  language: string,
  factor: string,
  usual: string,
  show: Shown = {},
): string {
  const key = `factors:${factor}.enrol.${show.save ?? 'save'}`
  return words.translate(language)(words.has(words.languages[0] ?? 'en', key) ? key : usual)
}

export interface AboutShown {
  readonly text: string
  readonly warning: string | undefined
}

/** What a factor says of one of its credentials, for the lists of the portal. */
export function aboutWords(
  { words }: Pick<Web, 'words'>,
  language: string,
  { factor, about }: { readonly factor: string; readonly about?: About },
): AboutShown | undefined {
  if (about === undefined) return undefined
  const t = words.translate(language)
  return {
    text: t(`factors:${factor}.about`, about.values),
    warning: about.warn ? t(`factors:${factor}.about-warn`) : undefined,
  }
}
