/** Who and what the demo shows: invented customers, two clusters, and the machines that each customer has. */
import type { NewAccount } from '#control-plane/accounts/contract.ts'
import type { NewPrice } from '#control-plane/catalog/contract.ts'
import type { z } from 'zod'

const DAY_MS = 86_400_000
const GIB = 2 ** 30

export const COMPANY = {
  name: 'Faro Cloud S.L.',
  address: { street: 'Calle Larios 12', postal_code: '29005', city: 'Málaga', country: 'ES' },
  tax_id: 'ESB93000001',
  email: 'billing@faro.example',
  invoice_prefix: 'FARO-',
}

type Customer = z.input<typeof NewAccount> & { key: string; machines: readonly Role[] }
interface Role {
  name: string
  vcpu: number
  memory_gib: number
  disk_gib: number
  /** mean bytes sent each second */
  sends: number
}
const role = (name: string, vcpu: number, memory_gib: number, disk_gib: number, sends = 20_000): Role => ({
  name,
  vcpu,
  memory_gib,
  disk_gib,
  sends,
})
const web = (count: number, prefix: string, sends: number) =>
  Array.from({ length: count }, (_, index) => role(`${prefix}-web-${index + 1}`, 2, 4, 40, sends))

export const CUSTOMERS: readonly Customer[] = [
  {
    key: 'panaderia',
    name: 'Panadería Sol y Sal S.L.',
    address: { street: 'Calle Ancha 4', postal_code: '11001', city: 'Cádiz', country: 'ES' },
    tax_id: 'ESB11000002',
    zone: 'Europe/Madrid',
    language: 'es',
    machines: [...web(2, 'solysal', 30_000), role('solysal-db', 4, 16, 200), role('solysal-tpv', 2, 4, 60, 4_000)],
  },
  {
    key: 'nordlicht',
    name: 'Nordlicht Spiele GmbH',
    address: { street: 'Sonnenallee 61', postal_code: '12045', city: 'Berlin', country: 'DE' },
    tax_id: 'DE811111111',
    zone: 'Europe/Berlin',
    language: 'en',
    machines: [
      ...Array.from({ length: 8 }, (_, index) => role(`nordlicht-game-${index + 1}`, 8, 16, 80, 900_000)),
      role('nordlicht-lobby', 4, 8, 60, 200_000),
      role('nordlicht-db', 8, 64, 500),
      role('nordlicht-build', 16, 32, 400),
    ],
  },
  {
    key: 'marea',
    name: 'Estudio Marea',
    address: { street: 'Paseo de las Canteras 8', postal_code: '35010', city: 'Las Palmas', country: 'ES' },
    tax_id: 'ESB35000003',
    zone: 'Atlantic/Canary',
    language: 'es',
    machines: [
      role('marea-render-1', 32, 128, 400, 60_000),
      role('marea-render-2', 32, 128, 400, 60_000),
      role('marea-nas', 4, 16, 4_000, 300_000),
      ...web(1, 'marea', 15_000),
    ],
  },
  {
    key: 'harbour',
    name: 'Harbour & Finch Ltd',
    address: { street: '9 Quay Street', postal_code: 'BS1 4DB', city: 'Bristol', country: 'GB' },
    tax_id: 'GB123000004',
    zone: 'Europe/London',
    language: 'en',
    machines: [
      ...web(4, 'harbour', 120_000),
      role('harbour-db-1', 8, 32, 300),
      role('harbour-db-2', 8, 32, 300),
      role('harbour-cache', 2, 16, 20, 80_000),
      role('harbour-mail', 2, 8, 250, 10_000),
    ],
  },
  {
    key: 'quasar',
    name: 'Laboratorio Quásar S.A. de C.V.',
    address: { street: 'Av. Universidad 300', postal_code: '04510', city: 'Ciudad de México', country: 'MX' },
    tax_id: 'MXLQU100000005',
    zone: 'America/Mexico_City',
    language: 'es',
    machines: [
      ...Array.from({ length: 4 }, (_, index) => role(`quasar-node-${index + 1}`, 16, 64, 200, 40_000)),
      role('quasar-head', 8, 32, 1_000, 90_000),
    ],
  },
]

export interface Cluster {
  realm: string
  hosts: readonly string[]
}
export const CLUSTERS: readonly Cluster[] = [
  { realm: 'malaga-1', hosts: ['mlg-a01', 'mlg-a02', 'mlg-a03', 'mlg-a04'] },
  { realm: 'frankfurt-2', hosts: ['fra-b01', 'fra-b02', 'fra-b03'] },
]

type PriceInput = z.input<typeof NewPrice>
const price = (over: Partial<PriceInput> & Pick<PriceInput, 'meter' | 'unit' | 'amount'>): PriceInput => ({
  kind: 'vm',
  model: 'per_unit',
  per: 'hour',
  correction: true,
  reason: 'Opening prices',
  ...over,
})
/** What is sold from the first day on. */
export const PRICES: readonly PriceInput[] = [
  price({ meter: 'vcpu', unit: 'vCPU', amount: '0.0062' }),
  price({ meter: 'memory', unit: 'GiB', amount: '0.0031' }),
  price({ meter: 'disk', unit: 'GiB', per: 'month', amount: '0.085' }),
  price({ meter: 'network_transmit_bytes', unit: 'GiB', per: 'quantity', amount: '0.0125' }),
]
/** Memory became dearer in the middle of a month. */
export const DEARER_MEMORY = price({ meter: 'memory', unit: 'GiB', amount: '0.0034', reason: 'New price list' })

export interface Phase {
  /** milliseconds since the history began */
  from: number
  /** null: until now and on */
  to: number | null
  state: 'running' | 'stopped'
  host: string
  vcpu: number
  memory_bytes: number
  disk_bytes: number
  /** what began here, for people */
  change: string
}
export interface Machine {
  name: string
  external_id: string
  realm: string
  /** null: nobody's, which the overview shows */
  customer: string | null
  sends: number
  phases: readonly Phase[]
}

/** A number from 0 (inclusive) to 1 that belongs to a text: no two machines behave alike, and each always alike. */
export function shareOf(text: string): number {
  let hash = 2_166_136_261
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619)
  return (hash >>> 0) / 2 ** 32
}

const uuidOf = (name: string): string => {
  const digits = [0, 1, 2, 3].map((part) => Math.floor(shareOf(`${name} ${part}`) * 2 ** 32).toString(16))
  const hex = digits.map((one) => one.padStart(8, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const bare = ({ vcpu, memory_gib, disk_gib }: Role, host: string) => ({
  host,
  vcpu,
  memory_bytes: memory_gib * GIB,
  disk_bytes: disk_gib * GIB,
})

/** Most machines just run; every fifth moves once, every seventh grows, build and render machines rest at night. */
function phasesOf(own: Role, index: number, { hosts }: Cluster, span_ms: number): Phase[] {
  const host = (step: number) => hosts[(index + step) % hosts.length] ?? ''
  const began = index % 4 === 3 ? Math.round(shareOf(own.name) * span_ms * 0.5) : 0
  const phases: Phase[] = [{ from: began, to: null, state: 'running', change: 'started', ...bare(own, host(0)) }]
  const then = (after: number, change: string, over: Partial<Phase>) => {
    const last = phases.at(-1)
    if (!last || began + after >= span_ms) return
    last.to = began + after
    phases.push({ ...last, from: began + after, to: null, change, ...over })
  }
  const moment = Math.round((0.3 + 0.5 * shareOf(`${own.name} when`)) * (span_ms - began))
  if (/build|render/.test(own.name))
    for (let day = 0; began + day * DAY_MS < span_ms; day += 1) {
      then(day * DAY_MS + 20 * 3_600_000, 'shut down', { state: 'stopped' })
      then((day + 1) * DAY_MS + 6 * 3_600_000, 'started', { state: 'running' })
    }
  else if (index % 5 === 2) then(moment, 'migrated', { host: host(1) })
  else if (index % 7 === 4) then(moment, 'resized', { vcpu: own.vcpu * 2, memory_bytes: own.memory_gib * 2 * GIB })
  return phases
}

/** All machines of a history of this length. */
export function machines(span_ms: number): Machine[] {
  const out: Machine[] = []
  const add = (own: Role, customer: string | null) => {
    const index = out.length
    const cluster = CLUSTERS[index % CLUSTERS.length]
    if (!cluster) return
    const phases = phasesOf(own, index, cluster, span_ms)
    out.push({
      name: own.name,
      external_id: uuidOf(own.name),
      realm: cluster.realm,
      customer,
      sends: own.sends,
      phases,
    })
  }
  for (const { key, machines: own } of CUSTOMERS) for (const one of own) add(one, key)
  add(role('test-old-wordpress', 2, 4, 40, 3_000), null)
  add(role('tmp-migration-box', 4, 8, 120, 1_000), null)
  return out
}
