import { displayName } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import type { Attachment, CaseEntry } from '../../recovery/cases/book.ts'
import type { CaseLine, CaseShown } from '../../recovery/cases/index.ts'
import type { CaseSign } from '../../recovery/cases/signs.ts'
import { initialOf } from '../application.ts'
import { queryValue } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { deviceShown } from '../device.ts'
import { momentsOf } from '../moments.ts'
import { addressShown } from '../place.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { type Frame, paged } from './frame.ts'

const perPage = 50
export const casesPath = '/admin/cases'

export interface CasePages {
  readonly list: SignedInHandler
  readonly show: SignedInHandler
  readonly file: SignedInHandler
}

/** What reviewers see: the cases that they may judge, and one of them. What they do about it is in case-decision.ts. */
export function createCasePages(deps: AppDependencies, frame: Frame): CasePages {
  const { cases, web } = deps
  const people = createNames(deps)

  async function list(page: SignedIn): Promise<void> {
    const over = queryValue(page.ctx, 'over') === 'yes'
    const after = queryValue(page.ctx, 'after')
    const found = await cases.list(page.identity.id, {
      over,
      limit: perPage,
      ...(after === undefined ? {} : { after }),
    })
    frame(page, {
      view: 'cases',
      place: 'cases',
      values: {
        over,
        cases: await Promise.all(found.items.map((one) => lineShown(page, one))),
        pager: paged(page, casesPath, found.next, over ? { over: 'yes' } : {}),
      },
    })
  }

  async function lineShown(page: SignedIn, one: CaseLine) {
    const moment = momentsOf(page)
    const t = web.words.translate(page.ctx.state.language)
    const name = await people.nameOf(one.identityId, t)
    return {
      href: casePath(one.id),
      name,
      initial: initialOf(name),
      kind: one.kind === 'contested' ? t('cases:review.contested') : undefined,
      state: t(`cases:review.states.${one.state}`),
      tone: tones[one.state] ?? '',
      isOver: one.overAt !== undefined,
      openedAt: moment(one.openedAt),
      end: moment(one.overAt ?? one.endsAt),
    }
  }

  async function show(page: SignedIn): Promise<void> {
    const moment = momentsOf(page)
    const t = web.words.translate(page.ctx.state.language)
    const one = await caseOf(deps, page)
    const line = await lineShown(page, one)
    const names = await people.namesIn(one, t)
    frame(page, {
      view: 'case',
      place: 'cases',
      title: t('cases:review.case-of', { person: line.name }),
      values: {
        line,
        isContested: one.kind === 'contested',
        reason: one.reason,
        youApproved: one.approvedBy === page.identity.id && one.state === 'approved-once',
        entries: one.entries.map((entry) => entryShown(entry, one.id, page, names)),
        reviews: one.reviews.map(({ by, action, at }) => ({
          by: names(by),
          action: t(`cases:review.actions.${action}`),
          at: moment(at),
        })),
        signs: one.signs.map((sign) => signShown(sign, page)),
      },
    })
  }

  function entryShown(entry: CaseEntry, id: string, page: SignedIn, names: (id: string) => string) {
    const { language } = page.ctx.state
    const t = web.words.translate(language)
    const at = momentsOf(page)(entry.at)
    if ('by' in entry) return { ...entry, at, by: names(entry.by), files: [] }
    const from = addressShown(entry.address, language, deps.places)
    const files = entry.attachments.map((attachment) => fileShown(attachment, id))
    if (entry.kind === 'answer') return { ...entry, at, from, files }
    const evidence = entry.evidence.map((kind) => t(`cases:evidence.${kind}`))
    return { ...entry, at, from, files, evidence, browser: deviceShown(entry.userAgent, t).name }
  }

  function signShown({ name, tone, at, count, text }: CaseSign, page: SignedIn) {
    const t = web.words.translate(page.ctx.state.language)
    return {
      tone,
      label: t(`cases:signs.${tone}`),
      text: t(`cases:signs.${name}`, { count, text }),
      at: at === undefined ? undefined : momentsOf(page)(at),
    }
  }

  async function file(page: SignedIn): Promise<void> {
    const { ctx } = page
    const { case: id = '', file: name = '' } = ctx.params
    const actor = actorOf(page)
    const found = await cases.file(id, name, actor)
    if (found === undefined) throw new Problem('not-found')
    // A stranger sent it: whatever it is, it is never opened as a page of ours.
    ctx.set({
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${name}.${endings[found.attachment.type] ?? 'bin'}"`,
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Cross-Origin-Resource-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    })
    ctx.body = found.bytes
  }

  return { list, show, file }
}

/** The case that the path names, if this reviewer may see it. */
export async function caseOf({ cases }: AppDependencies, { ctx, identity }: SignedIn): Promise<CaseShown> {
  const one = await cases.look(ctx.params.case ?? '', identity.id)
  if (one === undefined) throw new Problem('not-found')
  return one
}

export function casePath(id: string): string {
  return `${casesPath}/${encodeURIComponent(id)}`
}

/** How reviewers and owners are called. */
export function createNames({ identities }: Pick<AppDependencies, 'identities'>) {
  async function nameOf(id: string, t: (key: string) => string): Promise<string> {
    const identity = await identities.get(id)
    return identity === undefined || identity.state === 'deleted'
      ? t('cases:review.gone')
      : displayName(identity)
  }
  return {
    nameOf,
    async namesIn({ reviews }: CaseShown, t: (key: string) => string) {
      const ids = [...new Set(reviews.map(({ by }) => by))]
      const names = new Map(await Promise.all(ids.map(async (id) => [id, await nameOf(id, t)] as const)))
      return (id: string) => names.get(id) ?? t('cases:review.gone')
    },
  }
}

const tones: Partial<Record<CaseLine['state'], string>> = {
  'more-asked': 'warn',
  answered: 'warn',
  approved: 'good',
  refused: 'danger',
  expired: 'danger',
  withdrawn: 'danger',
}

const endings: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'image/png': 'png',
  'image/jpeg': 'jpg',
}

function fileShown({ name, type, size }: Attachment, id: string) {
  return {
    href: `${casePath(id)}/files/${name}`,
    type: (endings[type] ?? '').toUpperCase(),
    kilobytes: Math.max(1, Math.round(size / 1024)),
  }
}
