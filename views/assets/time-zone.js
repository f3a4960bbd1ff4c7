// Whoever has not said where they are may take what their device says. Nothing is sent unless they save it.
const zones = document.querySelector('select[data-time-zone]')
const use = document.querySelector('[data-use-time-zone]')
const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
const own = [...(zones?.options ?? [])].find(
  ({ value, dataset }) => value === timeZone || dataset.former === timeZone,
)

if (zones?.value === '' && own !== undefined && use !== null) {
  use.querySelector('span').textContent = own.textContent
  use.hidden = false
  use.addEventListener('click', () => {
    zones.value = own.value
    use.hidden = true
    zones.focus()
  })
}
