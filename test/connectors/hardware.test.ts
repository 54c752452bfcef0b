/** The contract of connectors, on the hardware of the machine that runs the test, or of one that was recorded where it has no tools. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { connector } from '#connectors/hardware/index.ts'
import { aloneRig } from './alone.ts'
import { contractOf } from './kit.ts'

const why = {
  made: 'the parts of the test’s machine are what they are: none is put in, none is taken out',
  trouble: 'it runs tools of the machine itself: no vendor answers late, or refuses',
}
const RECORDED = join(import.meta.dirname, '../../connectors/hardware/fixtures/dmidecode.txt')
const folder = mkdtempSync(join(tmpdir(), 'atalaya-hardware-'))
const path = process.env.PATH

beforeAll(() => {
  const dmidecode = join(folder, 'dmidecode')
  writeFileSync(dmidecode, `#!/bin/sh\nexec cat '${RECORDED}'\n`)
  chmodSync(dmidecode, 0o755)
  // last, so that the machine's own goes first
  process.env.PATH = `${path ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:${folder}`
})
afterAll(() => {
  process.env.PATH = path
  rmSync(folder, { recursive: true })
})
contractOf('hardware', async () => aloneRig(connector, { kind: 'component', settings: {}, why }))
