/** What a check of the contract is, and the steps that several of them take. */
import { ConnectorError, type Observation, type Readings } from '#connectors/contract.ts'
import { type Bench, readingsOf, rowsOf, type Tick } from '../bench.ts'
import type { Ability } from '../rig.ts'
import { must, valueOf } from '../said.ts'

export interface Check {
  name: string
  /** without one of these the check is skipped, with the rig's reason */
  needs: readonly Ability[]
  run(bench: Bench): Promise<void>
}

/** The grain of `use`. */
export const GRAIN = 4_096n

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A tick that must go well. */
export async function goodTick(bench: Bench, when: string): Promise<Tick> {
  const tick = await bench.tick()
  must(tick.ok, `${when}: the tick failed: ${String(tick.thrown)}`)
  return tick
}

/** Everything that the check added is listed, once, by a listing that says it is whole. */
export async function allListed(bench: Bench, ids: readonly string[], when: string): Promise<Tick> {
  const tick = await goodTick(bench, when)
  must(tick.listings.length > 0, `${when}: nothing was listed`)
  for (const id of ids) {
    const whole = tick.listings.filter(({ complete }) => complete)
    const rows = rowsOf({ listings: whole }, bench.rig.kind, id)
    must(rows.length === 1, `${when}: ${id} stands ${rows.length} times in complete listings`)
  }
  return tick
}

/** Scopes that hold one of these, by the tick before. */
export const scopesOf = (tick: Tick, kind: string, ids: readonly string[]): Set<string> =>
  new Set(
    tick.listings
      .filter(({ resources }) => resources.some((one) => one.kind === kind && ids.includes(one.external_id)))
      .map(({ scope }) => scope),
  )

/** What lives is not ended: not by a listing of its scope that says it is whole and lacks it, nor by an event. */
export function endsNone(bench: Bench, before: Tick, during: Tick, ids: readonly string[], when: string): void {
  const { kind } = bench.rig
  for (const id of ids) {
    const scopes = scopesOf(before, kind, [id])
    const ended = during.listings.filter(
      (one) => scopes.has(one.scope) && one.complete && rowsOf({ listings: [one] }, kind, id).length === 0,
    )
    must(ended.length === 0, `${when}: a listing that lacks ${id} says that it is complete`)
    const gone = during.facts.some(
      (fact) => fact.type === 'event' && fact.resource.external_id === id && fact.content === null,
    )
    must(!gone, `${when}: an event ends ${id}, which is there`)
  }
}

/** An error that a person can act on. */
export function clearError({ thrown }: Tick, when: string): ConnectorError {
  must(thrown instanceof ConnectorError, `${when}: it threw what is no ConnectorError: ${String(thrown)}`)
  must(thrown.message.length > 10 && thrown.remedy.length > 10, `${when}: its error says too little: ${thrown.message}`)
  return thrown
}

/** The tick failed clearly and said so in its health. */
export function failedClearly(tick: Tick, when: string): ConnectorError {
  must(!tick.ok, `${when}: the tick went well`)
  const error = clearError(tick, when)
  must(
    tick.facts.some((fact) => fact.type === 'health' && !fact.ok),
    `${when}: no health tells of it`,
  )
  return error
}

export const counterOf = ({ rig }: Bench): string => {
  must(rig.counter !== null, 'the rig has no counter')
  return rig.counter
}

/** The last reading of the rig's counter in these facts. */
export function counted(bench: Bench, { facts }: Pick<Tick, 'facts'>, id: string): Readings & { value: bigint } {
  const key = counterOf(bench)
  const reading = readingsOf(facts, bench.rig.kind, id).findLast(({ counters }) => key in counters)
  must(reading, `no reading of ${key} of ${id}`)
  must(reading.epoch, `${key} of ${id} names no epoch`)
  return { ...reading, value: valueOf(reading, key) }
}

export function rowOf(bench: Bench, tick: Tick, id: string): Observation {
  const [row] = rowsOf(tick, bench.rig.kind, id)
  must(row, `${id} is not listed`)
  return row
}
