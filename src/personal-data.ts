/**
 * What is handed to a person who asks for everything that is kept about them, and what becomes of an account at its end.
 * To add something that is kept: a line in personal-sections.ts, its words in views/locales/… /data.json, a line in docs/your-data.md.
 */
import { createPersonalSeal } from './audit/personal-seal.ts'
import { createDeletions, type Deletions, type DeletionsTools } from './identities/deletion.ts'
import { createExports, type Exports, type ExportsTools } from './identities/export.ts'
import { type PersonalSources, sectionsOf } from './personal-sections.ts'

type Tools = PersonalSources &
  Omit<ExportsTools, 'sections' | 'seal'> &
  DeletionsTools & { readonly store: Parameters<typeof createPersonalSeal>[0]['store'] }

/** Export and deletion of accounts, with what they need of every service. */
export function createPersonalData(tools: Tools): {
  readonly exports: Exports
  readonly deletions: Deletions
} {
  return {
    exports: createExports({ ...tools, seal: createPersonalSeal(tools), sections: sectionsOf(tools) }),
    deletions: createDeletions(tools),
  }
}
