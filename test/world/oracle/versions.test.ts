import { expect, test } from 'vitest'
import type { Truth } from '../truth.ts'
import { expected } from './index.ts'
import { HOUR, KEY, look, looks, machine, MINUTE, stretch, T0, telling, truth } from './small.ts'

/** The timeline as `host state from-to`, in minutes since the beginning; `!` marks the instant of an event. */
const timeline = (parts: Partial<Truth>) =>
  (expected(truth(parts)).versions[KEY] ?? []).map((version) => {
    const minute = (time: number | null) => (time === null ? '' : (time - T0) / MINUTE)
    const [from, to] = [version.from_exact ? '!' : '', version.to_exact ? '!' : '']
    return `${version.host} ${version.state} ${minute(version.from)}${from}-${minute(version.to)}${to}`
  })

test('a life is seen from the first listing that shows it to the first that does not', () => {
  const life = [stretch(T0 + 7 * MINUTE, T0 + 61 * MINUTE)]
  expect(timeline({ machines: [machine(life)], looks: looks(T0, T0 + 2 * HOUR) })).toEqual(['h1 running 10-65'])
})

test('an event narrows both ends to its instant', () => {
  const [born, gone] = [T0 + 7 * MINUTE, T0 + 61 * MINUTE]
  const tellings = [telling(born, 'h1', 'running'), telling(gone, 'h1', null)]
  const parts = { machines: [machine([stretch(born, gone)])], looks: looks(T0, T0 + 2 * HOUR), tellings }
  expect(timeline(parts)).toEqual(['h1 running 7!-61!'])
})

test('an incomplete listing says nothing of what it leaves out', () => {
  const life = [stretch(T0, T0 + HOUR)]
  const partial = { complete: false, omitted: [KEY] }
  const list = [look(T0), look(T0 + 70 * MINUTE, 'h1', { complete: false })]
  expect(timeline({ machines: [machine(life)], looks: [look(T0 + 10 * MINUTE, 'h1', partial)] })).toEqual([])
  expect(timeline({ machines: [machine(life)], looks: list })).toEqual(['h1 running 0-'])
  expect(timeline({ machines: [machine(life)], looks: [...list, look(T0 + 90 * MINUTE)] })).toEqual(['h1 running 0-90'])
})

test('a listing that never arrived changes nothing, a late one counts at its own instant', () => {
  const life = [stretch(T0, T0 + HOUR, 'h1', 'stopped'), stretch(T0 + HOUR, null)]
  const late = look(T0 + 60 * MINUTE, 'h1', { stored_at: T0 + 10 * HOUR })
  const list = [look(T0), look(T0 + 65 * MINUTE)]
  expect(timeline({ machines: [machine(life)], looks: [...list, { ...late, stored_at: null }] })).toEqual([
    'h1 stopped 0-65',
    'h1 running 65-',
  ])
  expect(timeline({ machines: [machine(life)], looks: [...list, late] })).toEqual(['h1 stopped 0-60', 'h1 running 60-'])
})

test('a machine moved unseen lives on until the other host shows it', () => {
  const life = [stretch(T0, T0 + 31 * MINUTE), stretch(T0 + 31 * MINUTE, null, 'h2')]
  const first = looks(T0, T0 + HOUR)
  expect(timeline({ machines: [machine(life)], looks: [...first, look(T0 + 20 * MINUTE, 'h2')] })).toEqual([
    'h1 running 0-35',
  ])
  const seen = [...first, look(T0 + 20 * MINUTE, 'h2'), look(T0 + 50 * MINUTE, 'h2')]
  expect(timeline({ machines: [machine(life)], looks: seen })).toEqual(['h1 running 0-50', 'h2 running 50-'])
})

test('a machine that the other host did not show either was gone', () => {
  const life = [stretch(T0, T0 + 31 * MINUTE), stretch(T0 + 45 * MINUTE, null, 'h2')]
  const list = [...looks(T0, T0 + HOUR), look(T0 + 40 * MINUTE, 'h2'), look(T0 + 50 * MINUTE, 'h2')]
  expect(timeline({ machines: [machine(life)], looks: list })).toEqual(['h1 running 0-35', 'h2 running 50-'])
})

test('a machine that an event took away ended there, and begins anew elsewhere', () => {
  const life = [stretch(T0, T0 + 31 * MINUTE), stretch(T0 + 31 * MINUTE, null, 'h2')]
  const tellings = [telling(T0 + 31 * MINUTE, 'h1', null)]
  const list = [look(T0), look(T0 + 40 * MINUTE, 'h2')]
  expect(timeline({ machines: [machine(life)], looks: list, tellings })).toEqual(['h1 running 0-31!', 'h2 running 40-'])
})

test('two scopes listed without it at one instant have both seen it gone', () => {
  const life = [stretch(T0, T0 + 5 * MINUTE), stretch(T0 + 15 * MINUTE, null, 'h2')]
  const list = ['h1', 'h2'].flatMap((host) => looks(T0, T0 + 30 * MINUTE, host, 10 * MINUTE))
  expect(timeline({ machines: [machine(life)], looks: list })).toEqual(['h1 running 0-10', 'h2 running 20-'])
})

test('of two places the running one holds it, of two running the one that changed last', () => {
  const life = [
    stretch(T0, T0 + 10 * MINUTE),
    stretch(T0 + 10 * MINUTE, T0 + 20 * MINUTE, 'h2'),
    stretch(T0 + 20 * MINUTE, null),
  ]
  // h1 shows it again as it was known there: nothing that changed, until h2 is seen without it
  const list = [look(T0), look(T0 + 12 * MINUTE, 'h2'), look(T0 + 25 * MINUTE), look(T0 + 30 * MINUTE, 'h2')]
  expect(timeline({ machines: [machine(life)], looks: list })).toEqual([
    'h1 running 0-12',
    'h2 running 12-30',
    'h1 running 30-',
  ])
  // an event of the return is a change, though it says what h1 was known to hold
  const back = telling(T0 + 21 * MINUTE, 'h1', 'running')
  expect(timeline({ machines: [machine(life)], looks: list, tellings: [back] })).toEqual([
    'h1 running 0-12',
    'h2 running 12-21!',
    'h1 running 21!-',
  ])
  const stopped = telling(T0 + 15 * MINUTE, 'h2', 'stopped')
  expect(timeline({ machines: [machine(life)], looks: list, tellings: [stopped] })).toEqual([
    'h1 running 0-12',
    'h2 running 12-15!',
    'h1 running 15!-',
  ])
})
