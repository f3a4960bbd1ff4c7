// dist/ mirrors the checkout: what the code reads lies where it lies here.
import { cpSync } from 'node:fs'

for (const path of ['config', 'views', 'examples/demo']) {
  cpSync(path, `dist/${path}`, { recursive: true, filter: (file) => !file.endsWith('.ts') })
}
cpSync('package.json', 'dist/package.json')
