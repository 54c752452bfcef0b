/** What ipmitool prints, damaged, through the IPMI connector: sensors, inventories, log and power. */
import type { Collected } from '#connectors/contract.ts'
import { happenings, type Told } from '#connectors/ipmi/crossings.ts'
import { gauges, guid, hostObservation, parseFrus, parseSensors, partsOf, powerState } from '#connectors/ipmi/map.ts'
import { behindMs, fresh, keysOf, parseEntries, signature, when } from '#connectors/ipmi/sel.ts'
import { components } from '#connectors/parts.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, ConnectorFuzz } from './index.ts'

const DCMI = '    Instantaneous power reading:                   184 Watts\n'
const TIME = ' f6 94 03 6b\n'

function eventsOf(answers: Answers, id: string): Collected[] {
  const entries = parseEntries(answers['sel-elist'] ?? '')
  const known = {
    keys: keysOf(entries.slice(0, 2)),
    read_ms: NOW - 60_000,
    signature: signature(answers['sel-info'] ?? ''),
  }
  const behind_ms = behindMs(answers['time'] ?? '', NOW)
  const dated = fresh(entries, known).map((entry) => ({ ...entry, at_ms: when(entry, known.read_ms, NOW, behind_ms) }))
  const sensors = ['sdr-elist', 'sensor'].map((name) => parseSensors(answers[name] ?? ''))
  let told: Record<string, Told> = {}
  // as on two ticks: the second has other states, and what was logged
  return sensors.flatMap((seen, index) => {
    const next = happenings(told, seen, index === 0 ? [] : dated, NOW)
    told = next.told
    const resource = { kind: 'host' as const, external_id: id }
    return next.events.map((one) => ({
      type: 'event' as const,
      seen_at_ms: one.at_ms,
      scope: resource,
      resource,
      change: one.change,
      content: {},
    }))
  })
}

function collect(answers: Answers): Collected[] {
  const text = (name: string) => answers[name] ?? ''
  const frus = parseFrus(text('fru'))
  const uuid = guid(text('guid'))
  const id = uuid ?? 'bmc1'
  const resource = { kind: 'host' as const, external_id: id }
  const host = hostObservation({
    id,
    uuid,
    bmc: 'bmc1',
    state: powerState(text('chassis-status')),
    frus,
    info: text('mc-info'),
  })
  const resources = [host, ...components(partsOf(frus), { kind: 'host', id })]
  return [
    { type: 'listing', seen_at_ms: NOW, scope: resource, complete: true, resources },
    { type: 'readings', seen_at_ms: NOW, resource, gauges: gauges(parseSensors(text('sensor')), text('dcmi')) },
    ...eventsOf(answers, id),
  ]
}

export const ipmi: ConnectorFuzz = {
  answers: { ...fixtures('ipmi/fixtures'), dcmi: DCMI, time: TIME },
  collect,
  settings: {
    addresses: ['bmc1.example.com', '192.0.2.10:624', '[2001:db8::1]:623'],
    user: 'reader',
    password: 'secret',
    cipher_suite: 17,
  },
  connector: () => import('#connectors/ipmi/index.ts'),
}
