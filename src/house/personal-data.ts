/**
 * What is handed to a person who asks for everything that is kept about them, and what becomes of an account at its end.
 * To add something that is kept: a line in personal-sections.ts, its words in views/locales/… /data.json, a line in docs/your-data.md.
 */
import { createPersonalSeal } from '../audit/personal-seal.ts'
import { createDeletions, type Deletions, type DeletionsTools } from '../identities/deletion/index.ts'
import { createExports, type Exports, type ExportsTools } from '../identities/export/index.ts'
import { queueLogout } from '../oidc/backchannel.ts'
import { type PersonalSources, sectionsOf } from './personal-sections.ts'

type Tools = PersonalSources &
  Omit<ExportsTools, 'sections' | 'seal'> &
  Omit<DeletionsTools, 'applications' | 'tellApplication'> & {
    readonly store: Parameters<typeof createPersonalSeal>[0]['store']
  }

/** Export and deletion of accounts, with what they need of every service. */
export function createPersonalData(tools: Tools): {
  readonly exports: Exports
  readonly deletions: Deletions
} {
  const seal = createPersonalSeal(tools)
  return {
    exports: createExports({ ...tools, seal, sections: sectionsOf(tools) }),
    deletions: createDeletions({
      ...tools,
      applications: (identityId) => toldOfDeletion(tools, identityId),
      tellApplication: (identityId, clientId, name) =>
        queueLogout(tools.queue, { clientId, identityId }, name),
    }),
  }
}

/** Also those that know the person from a session that is long over; not those that must be told which session it was. */
async function toldOfDeletion({ consents, clients, sessions }: Tools, identityId: string): Promise<string[]> {
  const [allowed, living] = await Promise.all([consents.list(identityId), sessions().list(identityId)])
  const ids = [...allowed.map(({ clientId }) => clientId), ...living.flatMap(({ clientIds }) => clientIds)]
  const found = await Promise.all([...new Set(ids)].map((id) => clients.find(id)))
  return found.flatMap((client) => {
    const { backchannel_logout_uri: uri, backchannel_logout_session_required: named } = client?.metadata ?? {}
    return client !== undefined && uri !== undefined && named !== true ? [client.id] : []
  })
}
