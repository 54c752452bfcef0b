/** The demo: a hosting company with five customers and three months of history, told through the bus and the public API alone. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { apiOf } from './api.ts'
import { Demo } from './demo.ts'

const { values } = parseArgs({ options: { data: { type: 'string' } } })
const { data } = values
const origin = process.env.ATALAYA_ORIGIN
if (!data || !origin) throw new Error('--data and ATALAYA_ORIGIN are needed: `npm run up -- --demo` sets them.')

const demo = await Demo.start(apiOf(origin, data), data)
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void demo.stop().finally(() => process.exit(0)))

const told = join(data, 'demo-told')
if (!existsSync(told)) {
  await demo.tellHistory((line) => console.log(line))
  writeFileSync(told, '')
}
await demo.goOn()
