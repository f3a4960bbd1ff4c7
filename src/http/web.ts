/**
 * What every page is made with: words, views, assets, cookies, form tokens. It knows no service and no route,
 * so that oidc's own pages can be built from it before anything else exists.
 */
import type { Clock } from '../ports/clock.ts'
import type { Vault } from '../ports/vault.ts'
import { type Assets, loadAssets } from './assets.ts'
import { type Cookies, createCookies } from './cookies.ts'
import type { WebSettings } from './dependencies.ts'
import { createDocuments, type Documents } from './documents.ts'
import { createFormTokens, type FormTokens } from './form-token.ts'
import { createWords, type Words } from './language.ts'
import { createRender, type Render } from './render.ts'

export interface Web {
  readonly render: Render
  readonly words: Words
  readonly documents: Documents
  readonly assets: Assets
  readonly cookies: Cookies
  readonly formTokens: FormTokens
  readonly settings: WebSettings
  readonly clock: Clock
}

const views = new URL('../../views/', import.meta.url)

/** Reads every view, word and asset once. Throws when a file is missing or broken: better at start than at a request. */
export async function createWeb(options: {
  settings: WebSettings
  vault: Pick<Vault, 'mac'>
  clock: Clock
}): Promise<Web> {
  const { settings, vault, clock } = options
  const [words, assets] = await Promise.all([
    createWords(new URL('locales/', views), settings.languages),
    loadAssets(new URL('assets/', views)),
  ])
  const formTokens = createFormTokens(vault)
  const render = createRender({ views, words, assets, formTokens, settings })
  const documents = createDocuments(views)
  return {
    render,
    documents,
    words,
    assets,
    formTokens,
    cookies: createCookies(settings.issuer),
    settings,
    clock,
  }
}
