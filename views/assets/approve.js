// The app on the phone: one key per account, made here and never read out, signs whatever is asked for. Without this script there is nothing to use.
const app = document.querySelector('[data-app]')
const origin = app.dataset.origin
const faces = [...app.querySelectorAll('[data-face]')]
const one = (selector) => app.querySelector(selector)
let skew = Number(app.dataset.now) - Date.now()
let face
let request
let recovery
const seen = new Set()
let invitation

// --- What the phone keeps: its keys, and the words with which it is woken.
const kept = new Promise((resolve, reject) => {
  const opening = indexedDB.open('signet-approve', 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('phones', { keyPath: 'id' })
    opening.result.createObjectStore('words', { keyPath: 'id' })
  }
  opening.onsuccess = () => resolve(opening.result)
  opening.onerror = () => reject(opening.error)
})

async function keep(name, work) {
  const store = (await kept).transaction(name, 'readwrite').objectStore(name)
  const asked = work(store)
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
}

const phones = () => keep('phones', (store) => store.getAll())
const put = (phone) => keep('phones', (store) => store.put(phone))
const forget = (phone) => keep('phones', (store) => store.delete(phone.id))

// --- What is asked for is signed: method, address, time, a value used once, and the form (JWS with ES256).
const utf8 = new TextEncoder()
const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
const part = (value) => base64url(utf8.encode(JSON.stringify(value)))

async function sign({ id, keys, jwk }, path, form) {
  const header = { typ: 'signet-device+jwt', alg: 'ES256', ...(jwk ? { jwk } : { kid: id }) }
  const iat = Math.floor((Date.now() + skew) / 1000)
  const jti = base64url(crypto.getRandomValues(new Uint8Array(18)))
  const text = `${part(header)}.${part({ htm: 'POST', htu: origin + path, iat, jti, form })}`
  const how = { name: 'ECDSA', hash: 'SHA-256' }
  return `${text}.${base64url(await crypto.subtle.sign(how, keys.privateKey, utf8.encode(text)))}`
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (typeof answer.now === 'number') skew = answer.now - Date.now()
  else throw new Error(answer.error)
  return answer
}

/** A clock that is wrong is set right by the first answer. */
async function ask(phone, path, form = {}) {
  const answer = await post(path, { signed: await sign(phone, path, form) })
  return answer.status === 'late' ? post(path, { signed: await sign(phone, path, form) }) : answer
}

async function newPhone(name) {
  const usage = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await crypto.subtle.generateKey(usage, false, ['sign', 'verify'])
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey)
  const jwk = { crv, kty, x, y }
  const id = base64url(await crypto.subtle.digest('SHA-256', utf8.encode(JSON.stringify(jwk))))
  return { id, name, keys, jwk }
}

// --- One face at a time.
function show(name, texts = {}) {
  for (const [key, text] of Object.entries(texts)) for (const spot of spots(key)) spot.textContent = text
  if (face === name) return
  face = name
  for (const each of faces) each.hidden = each.dataset.face !== name
  for (const problem of app.querySelectorAll('[data-problem]')) problem.hidden = true
  one(`[data-face="${name}"] [tabindex="-1"]`)?.focus()
}

const spots = (key) => app.querySelectorAll(`[data-text="${key}"]`)
const complain = (about, yes = true) => {
  one(`[data-problem="${about}"]`).hidden = !yes
}

async function rest() {
  request = undefined
  const known = await phones()
  const fresh = known.find((phone) => phone.number)
  if (fresh) return show('confirm', { number: fresh.number })
  if (known.length === 0) return show('none')
  one('[data-list="accounts"]').replaceChildren(...known.map(accountLine))
  show('idle')
}

function accountLine({ account, name }) {
  const line = document.createElement('li')
  for (const text of [account, name])
    line.append(Object.assign(document.createElement('span'), { textContent: text }))
  return line
}

// --- Looking for requests, as long as somebody looks at the app.
async function look() {
  if (document.visibilityState === 'visible')
    await lookOnce()
      .then(() => complain('offline', false))
      .catch(() => complain('offline'))
  setTimeout(look, 2000)
}

async function lookOnce() {
  if (!['idle', 'confirm', 'request', 'recovery'].includes(face)) return
  let news
  for (const phone of await phones()) {
    const answer = await ask(phone, '/approve/requests')
    if (answer.status === 'unknown') await unknown(phone)
    if (answer.status !== 'heard') continue
    if (phone.number) await welcomed(phone)
    if (answer.request) return offer(phone, answer.request)
    if (request?.phone.id === phone.id && face === 'request') show('late')
    if (answer.recovery && !seen.has(nameOf(answer.recovery))) news ??= { ...answer.recovery, phone }
    void offerToWake(phone, answer.reachable)
  }
  await inform(news)
}

// --- Somebody gets back into the account: shown while it goes on, until the person has seen how it stands.
const nameOf = ({ id, state }) => `${id} ${state}`

async function inform(news) {
  if (face === 'recovery' && !news) return rest()
  if (!news || !['idle', 'recovery'].includes(face)) return
  if (face === 'recovery' && nameOf(recovery) === nameOf(news)) return
  recovery = news
  const { address, device, phone } = news
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: 'medium',
    timeStyle: 'short',
  })
  for (const part of app.querySelectorAll('[data-state]'))
    part.hidden = !part.dataset.state.split(' ').includes(news.state)
  complain('object', false)
  const texts = {
    address,
    device,
    account: phone.account,
    at: format.format(news.at),
    due: format.format(news.due),
  }
  if (face === 'recovery') face = undefined
  show('recovery', texts)
}

function dismiss() {
  seen.add(nameOf(recovery))
  return rest()
}

async function object() {
  const { phone, id } = recovery
  const button = one('[data-do="object"]')
  button.disabled = true
  const form = { recovery: id }
  const { status } = await ask(phone, '/approve/objections', form).catch(() => ({}))
  button.disabled = false
  complain('object', status === undefined)
  if (status === 'contested') seen.add(nameOf({ id, state: 'contested' }))
  if (status === 'contested') show('objected')
  else if (status === 'unknown') await unknown(phone)
  else if (status !== undefined) await rest()
}

/** Not confirmed yet, or not any more. */
async function unknown(phone) {
  if (phone.number && Date.now() < phone.until) return
  await forget(phone)
  show(phone.number ? 'stranger' : 'removed')
}

async function welcomed({ number: _number, until: _until, ...phone }) {
  await put(phone)
  await rest()
}

function offer(phone, asked) {
  if (request?.id === asked.id && face === 'request') return
  request = { ...asked, phone }
  const at = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: 'medium' }).format(asked.at)
  one('[data-form="allow"]').reset()
  for (const button of app.querySelectorAll('[data-face="request"] button')) button.disabled = false
  const { application, address, device } = asked
  show('request', { application, address, device, at, account: phone.account })
}

async function answer(decision, number = '') {
  const { phone, id } = request
  for (const button of app.querySelectorAll('[data-face="request"] button')) button.disabled = true
  const { status, triesLeft } = await ask(phone, '/approve/answers', {
    question: id,
    decision,
    number,
  }).catch(() => ({}))
  for (const button of app.querySelectorAll('[data-face="request"] button')) button.disabled = false
  complain('allow', status === undefined)
  complain('mismatch', status === 'mismatch')
  if (status === 'mismatch') return mismatch(triesLeft)
  if (['approved', 'refused', 'disowned'].includes(status)) show(status)
  else if (status === 'unknown') await unknown(phone)
  else if (status !== undefined) show('late')
}

function mismatch(triesLeft) {
  for (const text of app.querySelectorAll('[data-left]'))
    text.hidden = text.dataset.left !== String(triesLeft)
  const field = one('#number')
  field.value = ''
  field.focus()
}

// --- Adding this phone.
async function invited(secret) {
  const { status, account } = await post('/approve/invitation', { invitation: secret })
  if (status !== 'open') return show('gone')
  invitation = { secret, account }
  show('add', { account })
}

async function follow(name) {
  const { secret, account } = invitation
  const { jwk, ...phone } = await newPhone(name)
  const subscription = await subscribed().catch(() => ({}))
  const { status, number } = await ask({ ...phone, jwk }, '/approve/phones', {
    invitation: secret,
    name,
    ...subscription,
  })
  if (status !== 'followed') return show('gone')
  await put({ ...phone, account, number, until: Date.now() + 6 * 60_000 })
  await rest()
}

// --- Being woken: only when asked for, and only where the browser can.
const canWake = 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis

async function subscribed() {
  if (!canWake || Notification.permission !== 'granted') return {}
  const registration = await navigator.serviceWorker.ready
  const applicationServerKey = Uint8Array.from(
    atob(app.dataset.key.replaceAll('-', '+').replaceAll('_', '/')),
    (letter) => letter.charCodeAt(0),
  )
  const { endpoint, keys } = (
    await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })
  ).toJSON()
  return { endpoint, p256dh: keys.p256dh, auth: keys.auth }
}

async function offerToWake(phone, reachable) {
  const granted = canWake && Notification.permission === 'granted'
  one('[data-offer="wake"]').hidden = !canWake || granted || reachable
  one('[data-offer="woken"]').hidden = !reachable
  if (granted && !reachable && !phone.tried) await wakeHere(phone)
}

/** Tried once by itself for each phone: a browser without a push service says so each time. */
async function wakeHere(phone) {
  await put({ ...phone, tried: true })
  const subscription = await subscribed().catch(() => ({}))
  if (subscription.endpoint) await ask(phone, '/approve/subscriptions', subscription)
  else complain('wake')
}

async function wake() {
  complain('wake', false)
  if ((await Notification.requestPermission()) !== 'granted') return complain('wake')
  for (const phone of await phones()) await wakeHere(phone)
  await lookOnce()
}

// --- What people press.
const deeds = {
  wake,
  idle: rest,
  forget: rest,
  deny: () => answer('deny'),
  dismiss,
  object,
  disown: () => answer('disown'),
}

app.addEventListener('click', (event) => {
  const deed = event.target.closest('[data-do]')?.dataset.do
  if (deed) void deeds[deed]()
})

app.addEventListener('submit', (event) => {
  event.preventDefault()
  const form = event.target
  const typed = Object.fromEntries(new FormData(form))
  if (form.dataset.form === 'allow') return void answer('allow', typed.number)
  const button = form.querySelector('button')
  button.disabled = true
  follow(typed.name)
    .catch(() => complain('add'))
    .finally(() => {
      button.disabled = false
    })
})

async function begin() {
  if (!crypto.subtle || !globalThis.indexedDB) return show('unsupported')
  const secret = location.hash.slice(1)
  // Out of the address before anything else: it must not stay in the history, or be shared.
  if (secret) history.replaceState(null, '', '/approve')
  const { wakeTitle: title, wakeText, accountText } = app.dataset
  for (const [id, text] of Object.entries({ wake: wakeText, account: accountText }))
    await keep('words', (store) => store.put({ id, title, text }))
  if ('serviceWorker' in navigator)
    void navigator.serviceWorker.register('/approve/worker.js', { scope: '/approve' })
  if (secret) await invited(secret).catch(() => show('gone'))
  else await rest()
  void look()
}

begin().catch(() => show('unsupported'))
document.addEventListener('visibilitychange', () => void lookOnce().catch(() => {}))
navigator.serviceWorker?.addEventListener('message', () => void lookOnce().catch(() => {}))
