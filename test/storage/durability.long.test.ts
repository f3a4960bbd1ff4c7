import { it } from 'vitest'
import { surviveKills } from '../conformance/kill.ts'
import { eachStore } from '../support/stores.ts'

eachStore((name, _, fresh) => {
  const times = name === 'sqlite' ? 1000 : 100
  it(`F2: ${times} times kill -9 during writes, and nothing acknowledged is lost`, async () => {
    await surviveKills(await fresh(), times)
  })
})
