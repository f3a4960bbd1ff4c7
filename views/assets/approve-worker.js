// Woken by the push service: shows that somebody is asked something, or that something happens to their account, and nothing of what. The app knows
// the rest when it is open.
const page = '/approve'

function words(kind) {
  return new Promise((resolve) => {
    const opening = indexedDB.open('signet-approve', 1)
    opening.onerror = () => resolve(undefined)
    opening.onupgradeneeded = () => opening.transaction.abort()
    opening.onsuccess = () => {
      const asked = opening.result.transaction('words').objectStore('words').get(kind)
      asked.onsuccess = () => resolve(asked.result)
      asked.onerror = () => resolve(undefined)
    }
  })
}

async function windows() {
  const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  return all.filter(({ url }) => new URL(url).pathname === page)
}

async function tell(message) {
  const account = message?.json().of === 'account'
  const { title = 'Signet', text = '' } = (await words(account ? 'account' : 'wake')) ?? {}
  for (const open of await windows()) open.postMessage('look')
  await self.registration.showNotification(title, {
    body: text,
    tag: account ? 'account' : 'request',
    renotify: true,
    requireInteraction: true,
  })
}

async function open() {
  const [first] = await windows()
  return first ? first.focus() : self.clients.openWindow(page)
}

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('push', (event) => event.waitUntil(tell(event.data)))
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open())
})
