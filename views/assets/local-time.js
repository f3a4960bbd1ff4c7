// Moments in the reader's own time zone; without this script they are in UTC and say so.
const { lang } = document.documentElement
const forms = {
  date: new Intl.DateTimeFormat(lang, { dateStyle: 'medium' }),
  moment: new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' }),
}

for (const time of document.querySelectorAll('time[datetime]')) {
  time.textContent = forms[time.dataset.form ?? 'moment'].format(new Date(time.dateTime))
}
