// Comforts that every page can do without.

// Show what was typed into a secret field.
for (const button of document.querySelectorAll('[data-reveal]')) {
  const input = document.getElementById(button.dataset.reveal)
  button.hidden = false
  button.addEventListener('click', () => {
    const show = input.type === 'password'
    input.type = show ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(show))
    input.focus()
  })
}

// Print what is to be kept on paper.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => print())
}

// A second click on the way would only be answered with a page that explains it.
for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) return event.preventDefault()
    form.dataset.sent = 'yes'
    event.submitter?.setAttribute('aria-disabled', 'true')
  })
}

// Coming back by the back button shows the page as it was left: let its forms be used again.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent
  for (const button of document.querySelectorAll('[aria-disabled]')) button.removeAttribute('aria-disabled')
})

// Too early to ask again: the button waits, and the sentence that says so goes.
for (const button of document.querySelectorAll('[data-again-in]')) {
  button.disabled = true
  setTimeout(() => {
    button.disabled = false
    document.querySelector('[data-until-again]')?.replaceChildren()
  }, button.dataset.againIn * 1000)
}
