import { expect, test } from 'vitest'
import { deviceShown } from '../../../src/http/device.ts'

const t = (key: string, values: Readonly<Record<string, unknown>> = {}) =>
  [key, ...Object.values(values)].join(' ')

test('a User-Agent header is said in a few words, and nothing else of it: whoever sends a request chooses it', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  expect(deviceShown(firefox, t).name).toBe('account:device.on Firefox Linux')
  for (const free of ['', 'Go to http://evil.example/ (now)', 'It was me: call 0800/1 (now)'])
    expect(deviceShown(free, t).name, free).toBe('account:device.unknown')
  expect(deviceShown('evil.example/1.0 (Linux)', t).name).toBe('Linux')
})
