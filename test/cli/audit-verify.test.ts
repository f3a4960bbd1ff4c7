import { expect, it } from 'vitest'
import type { AuditVerdict } from '../../src/ports/audit-log.ts'
import { openStore } from '../../src/storage/open.ts'
import { eachStore } from '../support/stores.ts'
import { shell } from './shell.ts'

eachStore((_, __, fresh) => {
  it('audit verify: 0 while everything is as it was written, by several commands; 1 and one sentence when it is not', async () => {
    const url = await fresh()
    const signet = await shell(url)
    for (const name of ['One', 'Two', 'Three'])
      await signet(['client', 'create', '--name', name, '--redirect-uri', 'https://app.example/callback'])
    const whole = await signet.json<AuditVerdict>(['audit', 'verify'])
    expect(whole).toMatchObject({ broken: 0, faults: [], unconfirmed: 0 })
    expect(whole.entries).toBeGreaterThanOrEqual(3)
    expect(whole.chains).toBeGreaterThanOrEqual(3)
    expect(await signet(['audit', 'verify'])).toContain(`${whole.entries} entries in ${whole.chains} chains`)
    await signet(['audit', 'verify', '--noted', whole.newest ?? ''])
    expect((await signet.outcome(['audit', 'verify', '--noted', 'gone'])).stderr).toContain('gone is gone')

    const store = await openStore({ url, clock: Date.now })
    try {
      const [first, second] = (await store.audit.findBy('action', 'client.created')).slice(0, 2)
      if (first === undefined || second === undefined) throw new Error('three clients were created')
      await store.audit.put({ ...first, actor: { kind: 'system' } })
      await store.audit.remove(second.id)
      const broken = await signet.outcome(['audit', 'verify', '--json'])
      expect(broken.code).toBe(1)
      expect(broken.stderr).toMatch(
        /^The audit is not as it was written: \S+ is altered, the first of 2 faults\.\n$/,
      )
      expect(JSON.parse(broken.stdout)).toMatchObject({
        broken: 2,
        faults: [
          { id: first.id, fault: 'altered' },
          { fault: 'missing', chain: second.link.chain, from: 1, to: 1 },
        ],
      })
      const text = await signet.outcome(['audit', 'verify'])
      expect(text.stdout).toContain(`altered   ${first.id}`)
      expect(text.stdout).toContain(`missing   entry 1 of chain ${second.link.chain}`)
    } finally {
      await store.close()
    }
  })
})
