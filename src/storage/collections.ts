/**
 * Owns what there is to say about each collection, once: what is looked up, and what a power cut may take.
 * Both engines build their tables and indexes from it; a new entity touches no engine. Types are in ports/store.ts.
 */
import type { Declaration } from '../ports/storage.ts'
import type { Collections } from '../ports/store.ts'

/** A declaration, and which of its indexes are over string-array properties. */
export interface Shape extends Declaration {
  readonly lists?: readonly string[]
}

/** Every collection by name. A property must be added here before `findBy`, `removeBy` and `page.where` know it. */
export const collections = {
  identities: { indexes: ['state', 'groups', 'roles'], lists: ['groups', 'roles'], durable: 'always' },
  claims: { indexes: ['identityId'], durable: 'always' },
  credentials: { indexes: ['identityId', 'handle'], durable: 'always' },
  authentications: { indexes: [], durable: 'marks' },
  // The insert of an answer is what counts.
  approvals: { indexes: [], durable: 'always' },
  // A lock-out that a power cut undoes would be a second chance to guess.
  attempts: { indexes: [], durable: 'always' },
  devices: { indexes: ['identityId', 'browser'], durable: 'marks' },
  whereabouts: { indexes: [], durable: 'marks' },
  links: { indexes: ['identityId'], durable: 'always' },
  objections: { indexes: ['identityId'], durable: 'always' },
  registrations: { indexes: [], durable: 'marks' },
  exports: { indexes: [], durable: 'always' },
  exportPieces: { indexes: ['identityId'], durable: 'marks' },
  // Who decided what must not be forgotten by a power cut: two different people have to.
  // What is told to whom, and what may still be done, hangs on it.
  recoveries: { indexes: ['reference', 'claim', 'browser', 'link'], durable: 'always' },
  cases: {
    indexes: ['identityId', 'claim', 'queue', 'recoveryId'],
    durable: 'always',
  },
  // A case without what was shown for it is asked for it again.
  caseParts: { indexes: ['caseId', 'identityId'], durable: 'marks' },
  pictures: { indexes: ['identityId'], durable: 'marks' },
  clients: { indexes: ['state'], durable: 'always' },
  consents: { indexes: ['identityId', 'clientId'], durable: 'always' },
  // Written with tokens: what a power cut takes is the last minute of a line that people read.
  disclosures: { indexes: ['identityId'], durable: 'marks' },
  deferrals: { indexes: ['identityId', 'rule'], durable: 'marks' },
  contacts: { indexes: ['named'], lists: ['named'], durable: 'always' },
  vouchings: { indexes: ['ownerId', 'asked'], lists: ['asked'], durable: 'always' },
  artifacts: {
    indexes: ['grantId', 'uid', 'accountId', 'clientId', 'userCode', 'sessionUid'],
    durable: 'marks',
  },
  sessions: { indexes: ['alias', 'identityId'], durable: 'marks' },
  // The insert itself is the one-time mark.
  replays: { indexes: [], durable: 'always' },
  policies: { indexes: [], durable: 'always' },
  keys: { indexes: [], durable: 'always' },
  // Written at every request; whatever is revoked or spent in the same moment flushes it as well.
  audit: {
    indexes: ['identityId', 'clientId', 'action', 'sessionId', 'stories'],
    lists: ['stories'],
    durable: 'marks',
  },
  identityKeys: { indexes: [], durable: 'always' },
  jobs: { indexes: ['kind'], durable: 'always' },
  inbox: { indexes: ['to'], durable: 'marks' },
  settings: { indexes: [], durable: 'always' },
} as const satisfies Record<keyof Collections, Shape>

/** All collection names, in the order in which they are declared. */
export const collectionNames = Object.keys(collections) as (keyof Collections)[]

/** Makes a store's collections: `make` is called once for each. */
export function eachCollection<Made>(make: (name: keyof Collections, shape: Shape) => Made) {
  const entries = collectionNames.map((name) => [name, make(name, collections[name])] as const)
  return Object.fromEntries(entries) as Record<keyof Collections, Made>
}
