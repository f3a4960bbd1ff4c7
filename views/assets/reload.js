// A page about something that takes hours: looks once a minute while somebody has it before them, and at once when they come back to it.
const every = 60_000
let loaded = performance.now()

function look() {
  if (document.visibilityState !== 'visible' || performance.now() - loaded < every) return
  loaded = performance.now()
  location.reload()
}

setInterval(look, 5_000)
document.addEventListener('visibilitychange', look)
