/** Reads what `virsh domstats` prints, and what it says of the state of a domain. */
import type { State } from '#connectors/contract.ts'
import { badAnswer, refuseNul, wholeNumber } from './xml.ts'

/** The fields of one domain, e.g. `block.0.rd.bytes`; the first of two equal keys counts. */
export type Stats = ReadonlyMap<string, string>

/** Stats by the name of the domain. */
export function parseDomstats(text: string): Map<string, Stats> {
  refuseNul(text, 'domstats')
  const domains = new Map<string, Map<string, string>>()
  let fields: Map<string, string> | undefined
  for (const line of text.split('\n')) {
    const name = /^Domain: '(.*)'$/.exec(line)?.[1]
    if (name !== undefined) {
      if (domains.has(name)) throw badAnswer(`domstats names the domain ${name.slice(0, 100)} twice`)
      domains.set(name, (fields = new Map()))
      continue
    }
    const [, key, value] = /^ {2}([a-z0-9._-]+)=(.*)$/.exec(line) ?? []
    if (fields && key !== undefined && value !== undefined && !fields.has(key)) fields.set(key, value)
  }
  return domains
}

export const field = (stats: Stats, key: string): bigint | undefined => wholeNumber(stats.get(key))

export interface Block {
  name: string
  fields: (key: string) => bigint | undefined
}

/** The numbered entries of a group, each with its name: `block.N.name`, `net.N.name`. */
export function entries(stats: Stats, group: 'block' | 'net'): Block[] {
  const found: Block[] = []
  for (const [key, name] of stats) {
    const index = new RegExp(`^${group}\\.(\\d{1,6})\\.name$`).exec(key)?.[1]
    if (index !== undefined) found.push({ name, fields: (rest) => field(stats, `${group}.${index}.${rest}`) })
  }
  return found
}

/** What a state says by itself; the two others need to know what the domain was before. */
export type Condition = State | 'migrating' | 'starting'

const PAUSED = { migration: 2, startingUp: 11, postcopy: 12, postcopyFailed: 13 }
const SHUT_OFF = { crashed: 3, failed: 6 }

/** https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainState */
export function condition(stats: Stats): Condition {
  const reason = Number(field(stats, 'state.reason') ?? 0n)
  switch (Number(field(stats, 'state.state') ?? 0n)) {
    case 1: // running
    case 2: // blocked
    case 4: // shutting down: the guest still executes
      return 'running'
    case 3:
      if (reason === PAUSED.startingUp) return 'starting'
      if (reason === PAUSED.migration || reason === PAUSED.postcopy || reason === PAUSED.postcopyFailed)
        return 'migrating'
      return 'paused'
    case 5:
      return reason === SHUT_OFF.crashed || reason === SHUT_OFF.failed ? 'failed' : 'stopped'
    case 6:
      return 'failed'
    case 7: // suspended by the guest
      return 'paused'
    default:
      return 'unknown'
  }
}
