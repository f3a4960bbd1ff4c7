// Puts the question of a form to the browser's keys (WebAuthn L3), and sends the form with their answer. Without this script the page says so.
const keys = globalThis.PublicKeyCredential
const lastAsked = 'signet-key'
let running

// --- What the wire carries: base64url in JSON. Older browsers leave the translation to the page.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
const withBytes = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }))

function optionsOf(creates, json) {
  if (creates && keys.parseCreationOptionsFromJSON) return keys.parseCreationOptionsFromJSON(json)
  if (!creates && keys.parseRequestOptionsFromJSON) return keys.parseRequestOptionsFromJSON(json)
  const options = { ...json, challenge: bytes(json.challenge) }
  if (!creates) return { ...options, allowCredentials: withBytes(json.allowCredentials) }
  return {
    ...options,
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: withBytes(json.excludeCredentials),
  }
}

function answerOf(credential) {
  if (credential.toJSON) return credential.toJSON()
  const { id, type, response, authenticatorAttachment } = credential
  const fields = ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject']
  const sent = fields.filter((name) => response[name]).map((name) => [name, text(response[name])])
  const transports = response.getTransports?.()
  return {
    id,
    rawId: id,
    type,
    authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...Object.fromEntries(sent), ...(transports && { transports }) },
  }
}

// --- One question at a time: asking aloud ends asking in the identifier field.
async function ask(box, how = {}) {
  running?.abort()
  running = new AbortController()
  const { signal } = running
  const creates = box.dataset.webauthn === 'create'
  const form = box.closest('form')
  for (const problem of box.querySelectorAll('[role="alert"]')) problem.hidden = true
  try {
    const publicKey = optionsOf(creates, JSON.parse(box.dataset.options))
    const credential = await navigator.credentials[creates ? 'create' : 'get']({ publicKey, signal, ...how })
    box.querySelector('[name="credential"]').value = JSON.stringify(answerOf(credential))
    sessionStorage.setItem(lastAsked, credential.id)
    form.submit()
  } catch (error) {
    // Nobody was asked aloud, or something else is asked now.
    if (signal.aborted || how.mediation === 'conditional') return
    explain(box, error.name)
  }
}

const problems = { NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'excluded' }

function explain(box, name) {
  const problem = box.querySelector(`[data-problem="${problems[name] ?? 'failed'}"]`)
  problem.hidden = false
}

// Before the page's own care for second clicks: this form may be sent again until there is an answer.
addEventListener(
  'submit',
  (event) => {
    const box = event.target.querySelector('[data-webauthn]')
    if (box === null) return
    event.preventDefault()
    event.stopPropagation()
    if (keys === undefined) box.querySelector('[data-problem="unsupported"]').hidden = false
    else void ask(box)
  },
  { capture: true },
)

for (const box of document.querySelectorAll('[data-webauthn]')) {
  if (keys === undefined) {
    if (!('autofill' in box.dataset)) box.querySelector('[data-problem="unsupported"]').hidden = false
    continue
  }
  box.closest('[data-needs-keys]')?.removeAttribute('hidden')
  if ('autofill' in box.dataset && !('refused' in box.dataset)) void offer(box)
  if (box.dataset.refused === 'unknown') forget(box)
  if (box.dataset.accepted) tellAccepted(JSON.parse(box.dataset.accepted))
}

/** Among the suggestions of the identifier field. */
async function offer(box) {
  const field = document.querySelector('input[autocomplete="username"]')
  if (field === null || !(await keys.isConditionalMediationAvailable?.())) return
  field.autocomplete = 'username webauthn'
  // The browser looks at the field once, when it gets the focus.
  if (document.activeElement === field) {
    field.blur()
    field.focus()
  }
  await ask(box, { mediation: 'conditional' })
}

// --- Signals (WebAuthn L3 5.1.10): what is gone here need not be offered any more. A browser that does not listen loses nothing.
function forget(box) {
  const credentialId = sessionStorage.getItem(lastAsked)
  const { rpId } = JSON.parse(box.dataset.options)
  if (credentialId) keys.signalUnknownCredential?.({ rpId, credentialId }).catch(() => {})
}

function tellAccepted({ rpId, userId, name, displayName, ids }) {
  keys.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds: ids }).catch(() => {})
  keys.signalCurrentUserDetails?.({ rpId, userId, name, displayName }).catch(() => {})
}
