/**
 * Which counters belong together: an epoch is one hypervisor process, and within it one stay of a device. Pure.
 * A start, a restore, a migration and a snapshot revert make a new process; suspend, resume, reboot and reset don't.
 */
import { z } from 'zod'
import { type Collected, sha256 } from '#connectors/contract.ts'
import { CPU, type Counters } from './counters.ts'
import { wire } from './xml.ts'

const Span = z.strictObject({ id: z.string(), origin_ms: z.int().optional() })
export const Epoch = Span.extend({
  /** libvirt's number of the process: another with each start while the host is up */
  domain_id: z.string(),
  /** devices there from the start of the process, or from our first sight of it */
  base: z.array(z.string()),
  /** devices that came later: each counts from zero at its own instant */
  plugged: z.record(z.string(), Span),
})
export type Epoch = z.infer<typeof Epoch>

export interface Sight {
  host: string
  domain_id: string
  at_ms: number
  /** what the domain has, whether it counts already or not: a guest coming in counts nothing yet */
  devices: string[]
  counters: Counters
  /** the instant at which the process started, if libvirt told us */
  started_ms?: number | undefined
  /** devices of which libvirt told that they were added, and when */
  added?: ReadonlyMap<string, number> | undefined
  /** the last counters that were seen: what fell has started anew unseen */
  last?: Counters | undefined
}

/** The epoch after a sight of the domain; the same object if nothing changed. */
export function advance(epoch: Epoch | undefined, sight: Sight): Epoch {
  const other = epoch === undefined || epoch.domain_id !== sight.domain_id || sight.started_ms !== undefined
  if (other || fell(CPU, sight)) return begin(sight)
  return withDevices(epoch, sight)
}

function begin(sight: Sight): Epoch {
  const { host, domain_id, started_ms } = sight
  return {
    id: `${host}/${domain_id}/${started_ms ?? sight.at_ms}`,
    ...(started_ms !== undefined && { origin_ms: started_ms }),
    domain_id,
    base: sight.devices.toSorted(),
    plugged: {},
  }
}

function withDevices(epoch: Epoch, sight: Sight): Epoch {
  const base = epoch.base.filter(
    (device) => sight.devices.includes(device) && !sight.added?.has(device) && !fell(device, sight),
  )
  const plugged: Epoch['plugged'] = {}
  for (const device of sight.devices) {
    if (base.includes(device)) continue
    const added_ms = sight.added?.get(device)
    const known = Object.hasOwn(epoch.plugged, device) ? epoch.plugged[device] : undefined
    plugged[device] =
      known && added_ms === undefined && !fell(device, sight) ? known : plug(epoch, device, added_ms, sight.at_ms)
  }
  const next = { ...epoch, base, plugged }
  return JSON.stringify(next) === JSON.stringify(epoch) ? epoch : next
}

function plug(epoch: Epoch, device: string, added_ms: number | undefined, at_ms: number): z.infer<typeof Span> {
  const id = `${epoch.id}/${sha256(device).slice(0, 12)}/${added_ms ?? at_ms}`
  return added_ms === undefined ? { id } : { id, origin_ms: added_ms }
}

/** A counter never falls within a process: a device that reads less was replaced behind our back. */
function fell(device: string, { counters, last }: Sight): boolean {
  const before = last?.get(device)
  const now = counters.get(device)
  if (!before || !now) return false
  return Object.entries(now).some(([key, value]) => value < (before[key] ?? 0n))
}

type Readings = Extract<Collected, { type: 'readings' }>
/** One fact for the process and one for each device that came later; gauges go with the process. */
export function readings(
  uuid: string,
  at_ms: number,
  epoch: Epoch,
  counters: Counters,
  gauges: Readings['gauges'],
): Readings[] {
  const fact = (span: { id: string; origin_ms?: number | undefined }, devices: string[]): Readings => {
    const all = devices.flatMap((device) => Object.entries(counters.get(device) ?? {}))
    return {
      type: 'readings',
      // a reading can't be older than the zero that it counts from
      seen_at_ms: Math.max(at_ms, span.origin_ms ?? 0),
      resource: { kind: 'vm', external_id: uuid },
      epoch: span.origin_ms === undefined ? { id: span.id } : { id: span.id, origin_ms: span.origin_ms },
      counters: Object.fromEntries(all.map(([key, value]) => [key, wire(value)])),
    }
  }
  const base = { ...fact(epoch, epoch.base), ...(gauges && { gauges }) }
  return [base, ...Object.entries(epoch.plugged).map(([device, span]) => fact(span, [device]))]
}
