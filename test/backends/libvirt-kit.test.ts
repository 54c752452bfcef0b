/** The contract of connectors, on a real libvirt host. */
import { describe } from 'vitest'
import { contractOf } from '../connectors/kit.ts'
import { startRig } from '../connectors/libvirt.ts'
import { whyNoLibvirt } from './libvirt.ts'

const whyNot = whyNoLibvirt()
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)

describe.skipIf(whyNot !== undefined)('on a real host', () => {
  contractOf('libvirt', startRig, 300_000)
})
