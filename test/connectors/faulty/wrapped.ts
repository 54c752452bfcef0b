/** The good connector of the toy cloud with one thing done wrongly: what the planted faults share. */
import type { Collected, Connector, Session, Surroundings } from '#connectors/contract.ts'
import type { Place } from '../toy/connector/client.ts'
import { connector as good } from '../toy/connector/index.ts'
import { observation, readPage, readings } from '../toy/connector/map.ts'

type Collect = (signal: AbortSignal, session: Session, place: Place, surroundings: Surroundings) => Promise<Collected[]>

/** Collects in another way; `session` is that of the good one. */
export const collecting = (collect: Collect): Connector => ({
  manifest: good.manifest,
  async open(settings, surroundings) {
    const session = await good.open(settings, surroundings)
    return {
      collect: (signal) => collect(signal, session, settings as unknown as Place, surroundings),
      close: () => session.close(),
    }
  },
})

/** Changes each fact. */
export const changing = (change: (fact: Collected, now: () => number) => Collected): Connector =>
  collecting(async (signal, session, _place, { now }) => {
    const collected = await session.collect(signal)
    return collected.map((fact) => change(fact, now))
  })

/** All machines, from pages that are asked for in a way of its own; null is after the last one. */
export async function listed(
  { realm, now }: Surroundings,
  page: (after: string | null, read: number) => Promise<unknown>,
): Promise<Collected[]> {
  const seen_at_ms = now()
  const machines = []
  let after: string | null = null
  do {
    const one = readPage(await page(after, machines.length))
    machines.push(...one.machines)
    after = one.next
  } while (after !== null)
  const scope = { kind: 'cluster' as const, external_id: realm }
  return [
    { type: 'listing', seen_at_ms, scope, complete: true, resources: machines.map(observation) },
    ...machines.map((machine) => readings(machine, seen_at_ms)),
  ]
}
