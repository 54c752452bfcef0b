/** What realms of machines look like: hosts, guests and containers with names, addresses and serials; pure, and the same for the same numbers. */
import { listingDigest, Observation } from '#connectors/contract.ts'

const GIB = 2 ** 30
export const INTERVAL_MS = 60_000
const ROWS_A_PART = 1_000
/** Machines on one host, itself among them. */
const A_HOST = 56
const ROLES = ['web', 'db', 'cache', 'mail', 'node'] as const

export interface Realm {
  source: string
  number: number
  machines: number
}

const hex = (value: number): string => value.toString(16).padStart(2, '0')
/** By what people look for a machine. */
export const nameOf = (realm: number, machine: number): string =>
  `${ROLES[machine % ROLES.length]}-${machine}.r${realm}.example.net`
export const ipOf = (realm: number, machine: number): string => `10.${realm}.${machine >> 8}.${machine & 255}`
export const macOf = (realm: number, machine: number): string =>
  ['52:54:00', hex(realm), hex(machine >> 8), hex(machine & 255)].join(':')
export const serialOf = (realm: number, machine: number): string =>
  `CZJ${String(realm).padStart(3, '0')}${String(machine).padStart(6, '0')}`

const hostOf = (machine: number): string => `machine-${machine - (machine % A_HOST)}`
const kindOf = (machine: number) =>
  machine % A_HOST === 0 ? ('host' as const) : machine % 5 === 2 ? ('container' as const) : ('vm' as const)

function machineOf(realm: number, machine: number): Observation {
  const kind = kindOf(machine)
  return Observation.parse({
    kind,
    external_id: `machine-${machine}`,
    name: nameOf(realm, machine),
    state: machine % 7 === 3 ? 'stopped' : 'running',
    size: {
      vcpu_count: 1 + ((machine + realm) % 16),
      memory_bytes: (1 + ((machine * 31 + realm) % 64)) * GIB,
      disk_bytes: (10 + ((machine * 7_919 + realm) % 500)) * GIB,
    },
    host: kind === 'host' ? null : hostOf(machine),
    evidence: { macs: [macOf(realm, machine)], ips: [ipOf(realm, machine)], serials: [serialOf(realm, machine)] },
    attributes: { os: 'Debian 12', model: 'KVM', labels: { team: `team-${machine % 23}` } },
  })
}

const stated = ({ source, number }: Realm, at: number, digest: string) => ({
  source,
  seen_at_ms: at,
  scope: { kind: 'cluster' as const, external_id: `realm-${number}` },
  complete: true,
  interval_ms: INTERVAL_MS,
  digest,
})

/** The whole realm in parts, and its digest. */
export function listed(realm: Realm, at: number, snapshot: string): { parts: unknown[]; digest: string } {
  const all = Array.from({ length: realm.machines }, (_, machine) => machineOf(realm.number, machine))
  const digest = listingDigest(all, true)
  const parts = Math.ceil(all.length / ROWS_A_PART)
  return {
    digest,
    parts: Array.from({ length: parts }, (_, part) => ({
      type: 'snapshot',
      ...stated(realm, at, digest),
      snapshot,
      part,
      parts,
      resources: all.slice(part * ROWS_A_PART, (part + 1) * ROWS_A_PART),
    })),
  }
}

/** The same realm seen again, as an agent says it. */
export const unchanged = (realm: Realm, at: number, digest: string) => ({
  type: 'unchanged',
  ...stated(realm, at, digest),
})
