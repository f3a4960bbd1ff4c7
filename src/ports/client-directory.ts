import type { Client } from '../domain/client.ts'

/** Finds relying parties wherever they are declared: store, configuration, built in. The cost does not depend on how many there are. */
export interface ClientDirectory {
  /** Read at each request, so that a disabled client stops at once; undefined when unknown. Answers disabled clients too: check `state`. */
  find(clientId: string): Promise<Client | undefined>
  /** Constant-time comparison with each unexpired hash. */
  secretMatches(client: Client, secret: string): boolean
}
