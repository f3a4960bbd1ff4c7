import type { Migration } from './index.ts'

/** The first layout: one table or MongoDB collection per entry of `collections.ts`, created from the declarations. */
export const layout: Migration = {
  number: 1,
  name: '0001-layout',
  sqlite: () => undefined,
  mongodb: async () => undefined,
}
