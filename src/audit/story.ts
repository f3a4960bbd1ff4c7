import { type AuditEvent, type Topic, topicOf } from '../domain/audit-event.ts'
import type { StoryQuery } from '../ports/audit-log.ts'
import type { StoredAuditEntry } from '../ports/audit-row.ts'
import type { Page } from '../ports/storage.ts'
import type { Store } from '../ports/store.ts'

/**
 * The lists that an entry stands in, so that each page of each list is read through one index, however much there is that nobody is told of (one
 * application makes thousands of entries a year). What is told to nobody stands in none, and costs nothing.
 */
export function storiesOf(
  owner: string,
  { action, result }: Pick<AuditEvent, 'action' | 'result'>,
): Pick<StoredAuditEntry, 'stories'> {
  const topic = topicOf(action)
  if (topic === undefined) return {}
  const failed = result === 'failure' ? [storyOf(owner, {}, true), storyOf(owner, { topic }, true)] : []
  return { stories: [storyOf(owner, {}), storyOf(owner, { topic }), ...failed] }
}

function storyOf(owner: string, { topic }: { readonly topic?: Topic }, failed = false): string {
  return [owner, topic, failed ? 'failed' : undefined].filter(Boolean).join(' ')
}

/** Ids begin with the time, so that what is too old is where the walk ends. */
export async function readStory(
  store: Pick<Store, 'audit'>,
  { identityId, topic, failed, since = 0, after, limit }: StoryQuery,
): Promise<Page<StoredAuditEntry>> {
  const value = storyOf(identityId, topic === undefined ? {} : { topic }, failed)
  const page = await store.audit.page({
    where: { index: 'stories', value },
    ...(after === undefined ? {} : { after }),
    limit,
    descending: true,
  })
  const items = page.items.filter(({ at }) => at >= since)
  return page.next === undefined || items.length < page.items.length ? { items } : { items, next: page.next }
}
