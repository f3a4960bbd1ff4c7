/** What strangers write (names, headers, applications) does nothing in a message. */
import { expect, test } from 'vitest'
import { message, templates } from './sample-message.ts'

test('S37: values are escaped in HTML and stay as they are in text', () => {
  const { html, text } = templates.render(message())
  expect(html).toContain('Photo &lt;Shop&gt;')
  expect(html).not.toContain('<Shop>')
  expect(text).toContain('Photo <Shop>')
})

test('S37: a value cannot call on other texts, run code or break out of its line', () => {
  const application = '$t(invitation.subject) {{code}} <%= 1 %>\r\nBcc: all@example.com \u202Eevil'
  const { text } = templates.render(message({ values: { application, code: '1' } }))
  expect(text).toContain('$t(invitation.subject) {{code}} <%= 1 %> Bcc: all@example.com  evil:')
})

test("a stranger's words are not carried to an address that the stranger typed", () => {
  const name = 'Win Money'
  for (const template of ['registration-code', 'registration-existing', 'recovery-nothing'] as const) {
    expect(templates.render(message({ template, name })).text).not.toContain('Win Money')
  }
})

test.each(['http://evil.example', 'evil.example', 'mail@evil.example', 'www/evil'])(
  'a name that would show as a link (%s) is not used',
  (name) => {
    const { text, html } = templates.render(message({ name, values: {} }))
    expect(text).toMatch(/^Hello,/)
    expect(html).not.toContain('evil')
  },
)

test('a User-Agent header is said in a few words, and nothing else of it', () => {
  const text = (device: string) =>
    templates.render(message({ template: 'guessing', values: { device } })).text
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  expect(text(firefox)).toContain('Device: Firefox on Linux')
  expect(text('Firefox on Linux')).toContain('Device: Firefox on Linux')
  for (const free of [
    'call us at evil.example/now',
    'Your account is locked: call 0800 evil',
    'Go to http://evil.example/ (now)',
    'evil.example/1.0 (Linux) Pay',
  ])
    expect(text(free), free).not.toMatch(/evil|locked|Go to|Pay/)
})

test('S33: a link that leads away from the issuer is refused', () => {
  for (const link of [
    'https://evil.example/x',
    'https://id.example.com.evil.example/',
    'http://id.example.com/',
    'javascript:alert(1)',
  ]) {
    expect(() => templates.render(message({ values: { link } })), link).toThrow('away from the issuer')
  }
})
