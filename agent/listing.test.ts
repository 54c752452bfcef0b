/** Listings → parts, digests and refusals. */
import {
  ConnectorError,
  Fact,
  LIMITS,
  type Listing,
  type ObservationInput,
  Observation,
  listingDigest,
} from '#connectors/contract.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Listings } from './listing.ts'

const source = { id: '019aa000-0000-7000-8000-000000000001', interval_ms: 10_000 }
const scope = { kind: 'host' as const, external_id: 'h1' }
const vm = (number: number, more: Partial<ObservationInput> = {}): ObservationInput => ({
  kind: 'vm',
  external_id: `vm-${number}`,
  name: `vm ${number}`,
  state: 'running',
  ...more,
})
const listing = (resources: ObservationInput[], complete = true): Listing => ({
  type: 'listing',
  seen_at_ms: 1_800_000_000_000,
  scope,
  complete,
  resources,
})
const types = (facts: ReturnType<Listings['cut']>) => facts.map((fact) => fact.type)

test('a listing is told whole once, and by its digest while it stays the same', () => {
  const listings = new Listings()
  expect(types(listings.cut(source, listing([vm(1), vm(2)])))).toEqual(['snapshot'])
  expect(types(listings.cut(source, listing([vm(2), vm(1)])))).toEqual(['unchanged'])
  expect(types(listings.cut(source, listing([vm(1), vm(2, { state: 'stopped' })])))).toEqual(['snapshot'])
  expect(types(listings.cut(source, listing([vm(1), vm(2)])))).toEqual(['snapshot'])
  expect(types(listings.cut(source, listing([vm(1), vm(2)], false)))).toEqual(['snapshot'])
})

test('an array that is handed out again is still compared with what was told last', () => {
  const listings = new Listings()
  const [first, second] = [[vm(1)], [vm(2)]]
  listings.cut(source, listing(first))
  listings.cut(source, listing(second))
  expect(types(listings.cut(source, listing(first)))).toEqual(['snapshot'])
  expect(types(listings.cut(source, listing(first)))).toEqual(['unchanged'])
  expect(types(listings.cut(source, listing(first, false)))).toEqual(['snapshot'])
})

test('scopes and sources are told apart', () => {
  const listings = new Listings()
  listings.cut(source, listing([vm(1)]))
  const other = { ...listing([vm(1)]), scope: { ...scope, external_id: 'h2' } }
  expect(types(listings.cut(source, other))).toEqual(['snapshot'])
  expect(types(listings.cut({ ...source, id: '019aa000-0000-7000-8000-000000000002' }, listing([vm(1)])))).toEqual([
    'snapshot',
  ])
})

test('a digest that the control plane does not hold makes that scope whole again, and no other', () => {
  const listings = new Listings()
  const other = { ...listing([vm(9)]), scope: { ...scope, external_id: 'h2' } }
  const [told] = listings.cut(source, listing([vm(1)]))
  listings.cut(source, other)
  listings.forget([told?.digest ?? ''])
  expect(types(listings.cut(source, listing([vm(1)])))).toEqual(['snapshot'])
  expect(types(listings.cut(source, other))).toEqual(['unchanged'])
})

test('the parts together are the listing, each within the limit, valid, and under one id', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3_500 }), (count) => {
      const resources = Array.from({ length: count }, (_, n) => vm(n))
      const facts = new Listings().cut(source, listing(resources)).map((fact) => Fact.parse(fact))
      const parts = facts.filter((fact) => fact.type === 'snapshot')
      expect(parts.length).toBe(Math.max(1, Math.ceil(count / LIMITS.rowsPerPart)))
      expect(parts.map((part) => part.part)).toEqual(parts.map((_, index) => index))
      expect(new Set(parts.map((part) => part.snapshot)).size).toBe(1)
      const together = parts.flatMap((part) => part.resources)
      expect(together.map((one) => one.external_id)).toEqual(resources.map((one) => one.external_id))
      expect(parts[0]?.digest).toBe(
        listingDigest(
          resources.map((one) => Observation.parse(one)),
          true,
        ),
      )
    }),
    { numRuns: 8 },
  )
})

test('a listing above the limit is refused with the remedy to divide the scope', () => {
  const resources = Array.from({ length: LIMITS.rowsPerSnapshot + 1 }, (_, n) => vm(n))
  const cut = () => new Listings().cut(source, listing(resources))
  expect(cut).toThrow(ConnectorError)
  expect(cut).toThrow(/50001 resources/)
  try {
    cut()
  } catch (error) {
    expect(error).toMatchObject({ code: 'limit', remedy: expect.stringContaining('Divide the scope') })
  }
})

test('a resource that a connector describes wrongly is named', () => {
  expect(() => new Listings().cut(source, listing([vm(1), vm(2, { name: '' })]))).toThrow(/vm vm-2 wrongly: name/)
})
