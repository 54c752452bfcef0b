/** A figure that fell by more than a fifth is told; one of another machine is not compared. */
import { expect, test } from 'vitest'
import { fallen, fallenInHistory, type Recorded } from './history.ts'
import { judgeRate } from './rate.ts'

const run = (at: string, ingest: number, over: Partial<Recorded> = {}): Recorded => ({
  bench: 'ingest',
  at,
  cpu: 'x',
  cores: 2,
  samples: { ratio: ingest, ratio_min: 0.2 },
  ...over,
})

test('a rate that fell by more than a fifth is told in words, one that fell by less is not', () => {
  expect(fallen(run('b', 0.23), [run('a', 0.3)])).toEqual([
    'ingest: samples is 0.230×, worse by 23 % than 0.300× at a.',
  ])
  expect(fallen(run('b', 0.25), [run('a', 0.3)])).toEqual([])
})

test('where less is better, a rise is what fell', () => {
  const agent = (at: string, ratio: number) => run(at, 0, { bench: 'agent', samples: { ratio, ratio_max: 1 } })
  expect(fallen(agent('b', 1.3), [agent('a', 1)])).toHaveLength(1)
  expect(fallen(agent('b', 0.5), [agent('a', 1)])).toEqual([])
})

test('runs of other machines and other benches are not compared', () => {
  const before = [run('a', 0.3, { cores: 64 }), run('a', 0.3, { cpu: 'y' }), run('a', 0.3, { bench: 'api' })]
  expect(fallen(run('b', 0.01), before)).toEqual([])
})

test('a figure that is no longer measured is told', () => {
  expect(fallen(run('b', 0.3, { samples: 5 }), [run('a', 0.3)])).toHaveLength(1)
})

test('history is checked by the newest run of each bench only', () => {
  const recovered = [run('a', 0.3), run('b', 0.1), run('c', 0.3)]
  expect(fallenInHistory(recovered)).toEqual([])
  expect(fallenInHistory(recovered.slice(0, 2))).toHaveLength(1)
})

test('the median round decides, not the mean', () => {
  const round = (units: number) => ({ ours: { units, cpu_seconds: 1 }, theirs: { units: 100, cpu_seconds: 1 } })
  expect(judgeRate([round(10), round(30), round(1_000)], 0.2)).toMatchObject({ ratio: 0.3, pass: true })
  expect(judgeRate([round(10), round(19), round(1_000)], 0.2)).toMatchObject({ pass: false })
})
