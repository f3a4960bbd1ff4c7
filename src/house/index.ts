/**
 * What is built from what: configuration → storage → services → protocol. The only file that builds adapters; it decides nothing else.
 * The server (server.ts) and the command line (main.ts) both work with what `compose` answers.
 */

import { createAuditLog } from '../audit/index.ts'
import { createAttempts } from '../authentication/attempts.ts'
import { createDevices } from '../authentication/devices.ts'
import { createEnrolments } from '../authentication/enrolment.ts'
import { createHalt } from '../authentication/halting.ts'
import { type AuthenticationEngine, createAuthentication } from '../authentication/index.ts'
import { createPolicies } from '../authentication/policies.ts'
import { createTrustedDevices } from '../authentication/trusted-devices.ts'
import { createConsents } from '../clients/consents.ts'
import type { Config } from '../config.ts'
import { createFactors } from '../factors/index.ts'
import { createPages } from '../http/pages.ts'
import { createWeb } from '../http/web.ts'
import { createIdentities } from '../identities/index.ts'
import { createPictures } from '../identities/pictures.ts'
import { createRegistrations } from '../identities/registration.ts'
import { createSetup } from '../identities/setup.ts'
import { createGuardedFetch } from '../messaging/guarded-fetch.ts'
import { createInbox } from '../messaging/inbox.ts'
import { createMessenger } from '../messaging/index.ts'
import { createJobQueue } from '../messaging/outbox.ts'
import { createSendBudget } from '../messaging/send-budget.ts'
import { createTemplates } from '../messaging/templates.ts'
import { createWebPush } from '../messaging/web-push.ts'
import { createNetworks } from '../networks/index.ts'
import { createOidc, type Oidc } from '../oidc/index.ts'
import { createPictureMaker } from '../pictures/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import { createContacts } from '../recovery/contacts/index.ts'
import { createVouchings } from '../recovery/contacts/vouching.ts'
import { createLinks } from '../recovery/links/index.ts'
import { createObjectionBook } from '../recovery/objections/book.ts'
import { createFreeze } from '../recovery/objections/freezing.ts'
import { createObjections } from '../recovery/objections/index.ts'
import { createQuestioning } from '../recovery/objections/questioning.ts'
import { createAuthorisationAlert } from '../recovery/told/authorisation-alert.ts'
import {
  createCredentialChange,
  createCredentialRemoval,
  createToldEnrolment,
} from '../recovery/told/credential-change.ts'
import { createSignInAlert } from '../recovery/told/sign-in-alert.ts'
import { createSignals } from '../signals/index.ts'
import { openStore } from '../storage/open.ts'
import { createPasswordHasher } from '../vault/hash-pool.ts'
import { openRootKey } from '../vault/root-key.ts'
import { createVault, digest, random } from '../vault/vault.ts'
import { createAddresses } from './addresses.ts'
import { createCarriers } from './carriers.ts'
import { createPersonalData } from './personal-data.ts'
import { createRelyingParties } from './relying-parties.ts'
import { carried, outboundSettings, queueLimits, resourcesOf } from './settings.ts'
import { createWaysBack } from './ways-back.ts'

export interface Surroundings {
  readonly log: Logger
  /** Moved by tests. */
  readonly clock?: Clock
}

export type House = Awaited<ReturnType<typeof compose>>

/** Opens the store and builds every service on it. Nothing listens and nothing is sent until `start`; `close` lets everything go. */
export async function compose(config: Config, { log, clock = Date.now }: Surroundings) {
  const { issuer } = config
  const store = await openStore({ url: config.storage, clock })
  const vault = createVault(
    await openRootKey({
      settings: store.settings,
      masterKey: config.master_key,
      previousMasterKeys: config.previous_master_keys,
    }),
  )
  const networks = createNetworks({ log, settings: config })
  const { places } = networks
  const tools = { store, vault, digest, clock, random, log, issuer, places }
  const audit = createAuditLog(tools)
  const hasher = createPasswordHasher(config.hashing)
  const fetch = createGuardedFetch(outboundSettings(config))

  const queue = createJobQueue({ ...tools, store: store.jobs, limits: queueLimits(config) })
  const inbox = config.inbox ? createInbox({ ...tools, store: store.inbox }) : undefined
  const { carriers, close: closeCarriers } = createCarriers(config, { inbox, fetch })
  const settings = config
  const book = createObjectionBook({ ...tools, settings })
  const messenger = createMessenger({
    ...tools,
    queue,
    templates: createTemplates(config, places),
    carriers,
    inOrder: config.inbox,
    objections: book,
  })

  // The registry belongs to the protocol side, which needs the services below; they ask for it late.
  let oidc: Oidc | undefined
  const sessions = () => {
    if (oidc === undefined) throw new Error('the session registry was asked for before it was built')
    return oidc.sessions
  }

  const identities = createIdentities({ ...tools, audit, sessions, settings })
  const pictures = createPictures({ ...tools, audit, make: createPictureMaker() })
  const { clients, demoSecret } = createRelyingParties(config, { ...tools, audit, sessions })
  await clients.checkCollisions()
  const consents = createConsents({
    ...tools,
    audit,
    sessions,
    settings: config.lifetimes,
    onGranted: createAuthorisationAlert({ ...tools, identities, clients, messenger, settings }),
  })

  // Devices belong to the engine, which needs the factors that wake them.
  let engine: AuthenticationEngine | undefined
  const waker = createWebPush({
    ...tools,
    queue,
    fetch,
    store: store.settings,
    contact: config.factors.push.contact,
    gone: async (owner, endpoint) => engine?.devices.unreachable(owner, endpoint),
  })
  const budget = createSendBudget(tools)
  const contacts = createContacts({ ...tools, identities, queue, budget, messenger, audit, settings })
  const vouchings = createVouchings({ ...tools, contacts, identities, queue, budget, messenger, audit })
  const trust = config.factors.trusted_device
  const trustedDevices = createTrustedDevices({ ...tools, identities, messenger, audit, trust })
  const factors = createFactors({
    hasher,
    fetch,
    log,
    budget,
    waker,
    browsers: trustedDevices,
    vouching: vouchings,
    settings: { ...carried(config.factors, carriers), trusted_contacts: contacts.settings },
    serviceName: config.brand.name,
    relatedOrigins: config.webauthn.related_origins,
  })
  const signals = createSignals(config.signals, networks.badRanges, config.alerts)
  const policies = createPolicies({ ...tools, audit, signals, settings })
  const { rules } = policies
  const enrolments = createEnrolments({ ...tools, identities, factors, rules, messenger, audit, settings })
  const attempts = createAttempts({ ...tools, settings: config.throttle })
  const changeTools = { ...tools, enrolments, identities, messenger, sessions }
  const authentication = createAuthentication({
    ...tools,
    rules,
    signals,
    identities,
    factors,
    enrolments: { begin: enrolments.begin, finish: createToldEnrolment(changeTools) },
    messenger,
    audit,
    trust,
    endResults: (identityId, process) => sessions().endOf(identityId, { process }),
    settings,
  })
  engine = authentication
  const links = createLinks({
    ...tools,
    identities,
    messenger,
    audit,
    sessions,
    enrol: enrolments,
    factors,
    unlocked: attempts.unlock,
    settings,
  })
  const devices = createDevices(tools)
  const reviewed = { identities, devices, budget, queue, messenger, audit, contacts, enrolments, factors }
  const known = { ...reviewed, trustedDevices, consents, clients, sessions, settings }
  const personalData = createPersonalData({ ...tools, ...known })
  const waysBack = createWaysBack({
    ...tools,
    ...reviewed,
    trustedDevices,
    addressProofs: () => addresses.proofs,
    sessions,
    unlock: authentication.unlock,
    notify: authentication.devices.notify,
    settings,
  })
  const freeze = createFreeze({
    store,
    halt: createHalt({ ...tools, identities }),
    devices,
    enrolments,
    consents,
    contacts,
    vouchings,
    ...waysBack,
    sessions,
    ...personalData,
  })
  const objections = createObjections({ ...tools, book, freeze, identities, messenger, audit })
  const signIns = createSignInAlert({ ...tools, devices, identities, clients, messenger, audit, settings })
  const changeCredential = createCredentialChange(changeTools)
  const removeCredential = createCredentialRemoval(changeTools)
  const about = { audit, freeze, devices, enrolments, contacts, removeCredential, sessions }
  const questioning = createQuestioning({ ...tools, ...about, settings })
  const people = { ...tools, identities, messenger, trustedDevices, enrolments, sessions }
  const addresses = createAddresses({ ...people, budget, config, carriers })
  const told = { identities, messenger, audit }
  const registrations = createRegistrations({ ...tools, ...told, settings: config.registration })
  const setup = createSetup({ ...tools, identities, audit, invite: links.invite })

  const web = await createWeb({ settings: config, vault, clock })
  oidc = await createOidc({
    ...tools,
    config: { ...config, resources: resourcesOf(config) },
    clients,
    identities,
    consents,
    audit,
    queue,
    fetch,
    messenger,
    onSignIn(session) {
      signIns.signedIn(session)
      waysBack.recoveryWatch.signedIn(session)
    },
    pages: createPages(web),
    enough: authentication.enough,
  })

  /** Resolves when what was put off until after an answer is done. */
  const settle = async () => {
    await authentication.settle()
    await signIns.settle()
    await waysBack.recoveryWatch.settle()
  }

  return {
    ...tools,
    networks,
    config,
    audit,
    queue,
    identities,
    pictures,
    clients,
    policies,
    consents,
    contacts,
    vouchings,
    ...waysBack,
    factors,
    enrolments,
    trustedDevices,
    authentication,
    waker,
    links,
    objections,
    questioning,
    ...personalData,
    changeCredential,
    removeCredential,
    addresses,
    registrations,
    setup,
    web,
    oidc,
    ...(inbox === undefined ? {} : { inbox }),
    hasher,
    demoSecret,
    settle,
    async close() {
      await oidc?.close()
      await settle()
      await queue.stop()
      closeCarriers()
      networks.close()
      await hasher.close()
      await store.close()
    },
  }
}
