/** A source within a simulated agent: it looks at its hosts, reads counters and hears events, each true at its instant. */
import { listingDigest, Observation, type Scope } from '#connectors/contract.ts'
import type { Simulated, Waiting } from './agents.ts'
import { type Chronicle, isRead } from './chronicle.ts'
import type { Faults } from './faults.ts'
import { type Body, readingAt, stretchAt } from './life.ts'
import type { Random } from './random.ts'
import type { Instant, Look, Stretch, Telling } from './truth.ts'

/** A change of a machine, as the vendor would tell it. */
export interface Change {
  body: Body
  at: Instant
  host: string
  /** null: it left the host */
  stretch: Stretch | null
}

export interface EyeParts {
  key: string
  /** its id in the product */
  id: string
  realm: string
  simulated: Simulated
  bodies: readonly Body[]
  look_ms: number
  tick_ms: number
  chronicle: Chronicle
  faults: Faults
  random: Random
}

const scopeOf = (host: string): Scope => ({ kind: 'host', external_id: host })
const refOf = ({ kind, external_id, incarnation }: Body) => ({ kind, external_id, incarnation })

const contentOf = (body: Body, { state, size, host }: Stretch) => ({
  name: body.name,
  state,
  size,
  host: body.kind === 'vm' ? host : null,
  evidence: body.smbios_uuid === null ? {} : { smbios_uuid: body.smbios_uuid },
  attributes: {},
})

const numeral = (value: bigint): number | string => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value))

export class Eye {
  readonly parts: EyeParts
  /** scope → digest that the control plane was told last */
  readonly #told = new Map<string, string>()

  constructor(parts: EyeParts) {
    this.parts = parts
  }

  /** The control plane doesn't hold these, or the agent forgot what it had told. */
  forget(digests?: readonly string[]): void {
    for (const [host, digest] of this.#told)
      if (!digests || digests.includes(digest)) {
        this.#told.delete(host)
        if (digests) this.parts.faults.add('unknown_digest')
      }
  }

  look(host: string): void {
    const { simulated, look_ms, random, chronicle, realm, key: source } = this.parts
    const at = simulated.parts.agenda.now
    const placed = this.parts.bodies.filter((body) => body.realm === realm && stretchAt(body, at)?.host === host)
    const complete = !random.onceIn(14)
    const omitted = complete ? [] : random.shuffled(placed).slice(0, random.int(1, Math.ceil(placed.length / 2)))
    const resources = placed.filter((body) => !omitted.includes(body)).map((body) => listed(body, at))
    const digest = listingDigest(resources, complete)
    const seen_at = simulated.moment()
    const common = { source: this.parts.id, scope: scopeOf(host), complete, interval_ms: look_ms, digest }
    const look: Look = {
      source,
      realm,
      host,
      at,
      seen_at,
      interval_ms: look_ms,
      complete,
      omitted: omitted.map((body) => body.key),
      stored_at: null,
    }
    const isKnown = this.#told.get(host) === digest
    this.#told.set(host, digest)
    const parts = isKnown ? null : random.onceIn(6) && resources.length > 2 ? random.int(2, 3) : 1
    const stored = this.#arriving(look, chronicle.saw(look, `${realm} ${host} ${digest}`, parts), parts)
    if (parts === null)
      return simulated.add({
        wire: (own) => ({ type: 'unchanged', seen_at_ms: own(seen_at), ...common }),
        stored,
      })
    this.#sendParts(resources, parts, { ...common, snapshot: random.uuid(), parts }, seen_at, stored)
  }

  /** Parts go into different batches where there are several: one may overtake the other. */
  #sendParts(
    resources: Observation[],
    parts: number,
    common: Record<string, unknown>,
    seen_at: Instant,
    stored: (at: Instant) => void,
  ): void {
    const rows = Math.ceil(resources.length / parts)
    for (let part = 0; part < parts; part += 1) {
      const own_rows = resources.slice(part * rows, (part + 1) * rows)
      if (part > 0) this.parts.simulated.seal()
      this.parts.simulated.add({
        wire: (own) => ({ type: 'snapshot', seen_at_ms: own(seen_at), ...common, part, resources: own_rows }),
        stored,
      })
    }
  }

  #arriving(look: Look, stored: (at: Instant) => void, parts: number | null): (at: Instant) => void {
    const { faults } = this.parts
    return (at) => {
      stored(at)
      if (look.stored_at === null) return
      if (!look.complete) faults.add('incomplete')
      if ((parts ?? 0) > 1) faults.add('in_parts')
    }
  }

  /** Reads the counters of every machine on its hosts. */
  tick(hosts: readonly string[]): void {
    const { simulated, bodies, realm, tick_ms, chronicle, id } = this.parts
    const at = simulated.parts.agenda.now
    const seen_at = simulated.moment()
    for (const body of bodies.filter((one) => one.realm === realm && hosts.some((host) => isRead(one, at, host)))) {
      const reading = readingAt(body, at)
      if (!reading) continue
      const { epoch, counters } = reading
      const origin = epoch.origin_known ? seen_at - (at - epoch.from) : null
      const { key: source } = this.parts
      const tick = {
        source,
        machine: body.key,
        at,
        seen_at,
        interval_ms: tick_ms,
        epoch: epoch.id,
        origin,
        wrap_bits: epoch.wrap_bits,
        counters,
        stored_at: null as Instant | null,
      }
      chronicle.ticks.push(tick)
      simulated.add({
        wire: (own) => ({
          type: 'readings',
          source: id,
          seen_at_ms: own(seen_at),
          resource: refOf(body),
          interval_ms: tick_ms,
          epoch: {
            id: epoch.id,
            ...(origin !== null && { origin_ms: own(origin) }),
            ...(epoch.wrap_bits && { wrap_bits: epoch.wrap_bits }),
          },
          counters: Object.fromEntries(Object.entries(counters).map(([name, value]) => [name, numeral(value)])),
        }),
        stored: (stored_at) => (tick.stored_at = stored_at),
      })
    }
  }

  tell({ body, at, host, stretch }: Change): void {
    const { simulated, chronicle, faults, id, key: source } = this.parts
    const seen_at = simulated.moment() - (simulated.parts.agenda.now - at)
    const content = stretch && { state: stretch.state, size: stretch.size }
    const telling: Telling = { source, host, at, seen_at, machine: body.key, content, stored_at: null }
    chronicle.tellings.push(telling)
    simulated.add({
      wire: (own) => ({
        type: 'event',
        source: id,
        seen_at_ms: own(seen_at),
        scope: scopeOf(host),
        resource: refOf(body),
        change: 'changed',
        content: stretch && contentOf(body, stretch),
      }),
      stored: (stored_at) => {
        telling.stored_at = stored_at
        faults.add('told')
      },
    })
  }

  /** One fact for each source admits what the agent's spool dropped. */
  admit({ from, to, first, last }: { from: Instant; to: Instant; first: number; last: number }): Waiting {
    const { chronicle, faults, id, key: source } = this.parts
    const loss = { source, from, to, cause: 'spool_overflow' as const, stored_at: null as Instant | null }
    chronicle.losses.push(loss)
    return {
      wire: (own) => ({
        type: 'gap',
        source: id,
        from_ms: own(from),
        seen_at_ms: own(to),
        cause: loss.cause,
        first_sequence: first,
        last_sequence: last,
      }),
      stored: (stored_at) => {
        loss.stored_at = stored_at
        faults.add('gap_admitted')
      },
    }
  }
}

function listed(body: Body, at: Instant): Observation {
  const stretch = stretchAt(body, at)
  if (!stretch) throw new Error(`${body.key} is listed at an instant at which it is not there.`)
  return Observation.parse({ ...refOf(body), ...contentOf(body, stretch) })
}
