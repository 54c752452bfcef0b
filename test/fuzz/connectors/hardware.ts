/** What dmidecode, lshw, smartctl and sensors print, damaged, through the hardware connector. */
import type { Collected } from '#connectors/contract.ts'
import { dmiParts, gauges, lshwParts } from '#connectors/hardware/map.ts'
import { devices, disk, smart } from '#connectors/hardware/smart.ts'
import { components } from '#connectors/parts.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, ConnectorFuzz } from './index.ts'

const MACHINE = '0123456789abcdef0123456789abcdef'

function collect(answers: Answers): Collected[] {
  const text = (name: string) => answers[name] ?? ''
  const names = devices(text('scan'))
  const disks = ['ata', 'nvme', 'sas'].flatMap((name, index) => {
    const device = names[index]
    return device ? [disk(device, smart(text(name), 0))] : []
  })
  const resource = { kind: 'host' as const, external_id: MACHINE }
  const resources = components([...dmiParts(text('dmidecode')), ...lshwParts(text('lshw')), ...disks], {
    kind: 'host',
    id: MACHINE,
  })
  return [
    { type: 'listing', seen_at_ms: NOW, scope: { kind: 'component', external_id: MACHINE }, complete: true, resources },
    { type: 'readings', seen_at_ms: NOW, resource, gauges: gauges(text('sensors')) },
  ]
}

export const hardware: ConnectorFuzz = {
  answers: fixtures('hardware/fixtures'),
  collect,
  settings: {},
  connector: () => import('#connectors/hardware/index.ts'),
}
