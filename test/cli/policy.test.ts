/** The rules of the policy from the command line: said as options or on standard input, told back, and in the audit. */
import { expect, it } from 'vitest'
import { eachStore } from '../support/stores.ts'
import { shell } from './shell.ts'

eachStore((_, __, fresh) => {
  async function open(more: Record<string, string> = {}) {
    const signet = await shell(await fresh(), more)
    return (words: readonly string[], input?: string) => signet.outcome(['policy', ...words], input)
  }

  it('are added, changed, listed and removed', async () => {
    const policy = await open()
    expect((await policy(['list'])).stdout).toBe('No rules yet.\n')
    const options = ['--group', 'staff', '--level', 'two-factor', '--enrol-within', '7d']
    const added = await policy(['set', 'staff', ...options])
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(added.stdout).toContain('Added. It counts in a few seconds.')
    expect(added.stdout).toContain('staff  groups staff → level two-factor; enrol_within 7d')
    expect((await policy(['set', 'staff', ...options, '--no-trusted-device'])).stdout).toContain('Changed.')

    const yaml = 'when: { clients: [finance] }\nlevel: phishing-resistant\nfresh_within: 15m\n'
    expect(await policy(['set', 'finance', '--stdin'], yaml)).toMatchObject({ code: 0 })
    const json = JSON.stringify({ name: 'own', when: { action: 'privileged' }, factors: ['passkey'] })
    expect(await policy(['set', 'own', '--stdin'], json)).toMatchObject({ code: 0 })
    const listed = await policy(['list', '--json'])
    const stored = { from: 'storage', overridden: false }
    expect(JSON.parse(listed.stdout)).toEqual([
      {
        name: 'finance',
        when: { clients: ['finance'] },
        level: 'phishing-resistant',
        fresh_within: '15m',
        ...stored,
      },
      { name: 'own', when: { action: 'privileged' }, factors: ['passkey'], ...stored },
      {
        name: 'staff',
        when: { groups: ['staff'] },
        level: 'two-factor',
        enrol_within: '7d',
        trusted_device: false,
        ...stored,
      },
    ])
    expect(await policy(['remove', 'staff'])).toMatchObject({ code: 0, stdout: 'Removed.\n' })
    expect((await policy(['list'])).stdout).not.toContain('staff')
  })

  it('are refused with all that is wrong, and nothing is done', async () => {
    const policy = await open({
      SIGNET_POLICY__RULES: '[{ name: shop, when: { clients: [shop] }, level: two-factor }]',
    })
    const wrong = await policy(['set', 'a', '--level', 'high', '--factor', 'pin', '--fresh-within', 'soon'])
    expect(wrong.code).toBe(1)
    for (const fault of ['level: expected one of', 'factors.0: expected one of', 'fresh_within: expected'])
      expect(wrong.stderr).toContain(fault)
    expect(await policy(['set', 'a'])).toMatchObject({ code: 1 })
    expect((await policy(['set', 'a', '--stdin', '--level', 'two-factor'], '')).code).toBe(2)
    expect((await policy(['set'])).code).toBe(2)
    const other = await policy(['set', 'a', '--stdin'], 'name: b\nlevel: two-factor\n')
    expect(other.stderr).toContain("a rule called 'b'")
    for (const words of [
      ['set', 'shop', '--level', 'single-factor'],
      ['remove', 'shop'],
    ])
      expect((await policy(words)).stderr).toContain('is one of the configuration')
    expect((await policy(['remove', 'nothing'])).stderr).toContain("There is no stored rule 'nothing'")
    const listed = JSON.parse((await policy(['list', '--json'])).stdout)
    expect(listed).toMatchObject([{ name: 'shop', from: 'configuration' }])
    expect(listed).toHaveLength(1)
  })
})
