// Which relying parties there are: our own pages, development's demo application, those of the configuration, and whatever was registered.
import { builtInClients, configuredClient, demoClient, demoClientId } from '../clients/built-in.ts'
import { type Clients, type ClientsTools, createClients } from '../clients/index.ts'
import type { Config } from '../config.ts'
import type { Vault } from '../ports/vault.ts'
import { demoUrl, resourcesOf } from './settings.ts'

type Tools = Omit<ClientsTools, 'builtIn' | 'configured' | 'rules'> & {
  readonly vault: Vault
  readonly issuer: string
}

/** With the secret of the demo application, which follows from the root key: no process has to tell another one. */
export function createRelyingParties(
  config: Config,
  tools: Tools,
): { readonly clients: Clients; readonly demoSecret: string } {
  const { vault, digest, issuer } = tools
  const demoSecret = vault.mac('demo-client', demoClientId)
  const clients = createClients({
    ...tools,
    builtIn: [
      ...builtInClients(issuer, config.brand.name),
      ...(config.demo.enabled ? [demoClient(demoUrl(config), digest(demoSecret))] : []),
    ],
    configured: config.clients.map((client) => configuredClient(client, digest)),
    rules: {
      scopes: Object.values(resourcesOf(config)).flatMap((resource) => resource.scopes),
      acr: config.acr,
    },
  })
  return { clients, demoSecret }
}
