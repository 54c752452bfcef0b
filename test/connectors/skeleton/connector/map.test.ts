/** Recorded answers → observations. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConnectorError, Observation } from '#connectors/contract.ts'
import { observation, readMachines } from './map.ts'

const recorded = readFileSync(new URL('./fixtures/machines.json', import.meta.url), 'utf8')

test('each machine of a recorded answer is an observation that the wire takes', () => {
  const machines = readMachines(JSON.parse(recorded)).map((machine) => Observation.parse(observation(machine)))
  expect(machines.map(({ name, state }) => [name, state])).toEqual([
    ['web-1', 'running'],
    ['web-2', 'stopped'],
  ])
})

test('an answer that is not as documented is an error, not a guess', () => {
  for (const answer of [null, [], {}, { machines: [{ id: 7 }] }, JSON.parse(recorded.replaceAll('"id"', '"uid"'))])
    expect(() => readMachines(answer)).toThrow(ConnectorError)
})
