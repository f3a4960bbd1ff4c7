// A page that waits for an answer given elsewhere: looks every two seconds, and goes on by itself. Without this script the page is loaded anew.
const note = document.querySelector('[data-waits]')
const form = note?.closest('form')
const until = performance.now() + Number(note?.dataset.waitsFor) * 1000

async function look() {
  const { state } = await fetch(note.dataset.waits, { headers: { accept: 'application/json' } })
    .then((response) =>
      response.ok ? response.json() : { state: response.status < 500 ? 'moved' : 'waiting' },
    )
    .catch(() => ({ state: 'waiting' }))
  if (state === 'answered') return form.requestSubmit()
  if (state === 'moved') note.textContent = note.dataset.moved
  else if (performance.now() < until) setTimeout(look, 2000)
}

if (form) setTimeout(look, 2000)
