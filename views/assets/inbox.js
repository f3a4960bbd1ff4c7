// Shows what arrives while the page is open, above what is there; what somebody is reading stays as it is.
const list = document.getElementById('caught')
const news = document.getElementById('news')
const to = new URLSearchParams(location.search).get('to') ?? ''

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function wait() {
  const query = new URLSearchParams({ wait: '25', to, after: list.dataset.newest })
  const response = await fetch(`/inbox/messages?${query}`)
  if (!response.ok) throw new Error(String(response.status))
  const messages = await response.json()
  if (messages.length === 0) return
  list.dataset.newest = messages[0].id
  await show()
}

async function show() {
  const page = await (await fetch(location.href)).text()
  const fresh = new DOMParser().parseFromString(page, 'text/html')
  const known = new Set([...list.children].map((message) => message.dataset.id))
  const arrived = [...fresh.querySelectorAll('#caught > li')].filter(({ dataset }) => !known.has(dataset.id))
  document.getElementById('nothing')?.remove()
  list.prepend(...arrived)
  news.textContent = arrived.length > 0 ? news.dataset.one : ''
}

for (;;) {
  try {
    await wait()
  } catch {
    await pause(3000)
  }
}
