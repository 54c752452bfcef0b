/** The small checks say what the schemas of the contract say. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import * as shape from './shape.ts'

/** A value that the shape reads as the schema does, or that both refuse. */
function alike<T>(read: shape.Shape<T>, schema: z.ZodType, value: unknown): void {
  const wanted = schema.safeParse(value)
  expect({ value, read: shape.readAs(read, value) }).toEqual({ value, read: wanted.success ? wanted.data : undefined })
}
const anything = () =>
  fc.oneof(fc.anything({ withNullPrototype: true }), fc.jsonValue(), fc.double(), fc.maxSafeInteger())
const PAIRS: [string, shape.Shape<unknown>, z.ZodType, fc.Arbitrary<unknown>][] = [
  ['text', shape.text(1, 3), z.string().min(1).max(3), fc.string({ maxLength: 5 })],
  ['pattern', shape.text(0, 9, /^a+$/), z.string().max(9).regex(/^a+$/), fc.stringMatching(/^[ab]{0,12}$/)],
  ['whole', shape.whole(-1, 9), z.int().min(-1).max(9), fc.oneof(fc.integer({ min: -3, max: 12 }), fc.double())],
  ['finite', shape.finite, z.number(), fc.double()],
  ['one of', shape.oneOf(['a', 'b']), z.enum(['a', 'b']), fc.constantFrom('a', 'b', 'c', '')],
  ['list', shape.list(shape.whole(), 2), z.array(z.int()).max(2), fc.array(fc.oneof(fc.integer(), fc.string()))],
  ['record', shape.record(shape.whole()), z.record(z.string(), z.int()), fc.object()],
  ['json', shape.json, z.json(), fc.oneof(fc.jsonValue(), fc.object())],
  ['uuid', shape.uuid, z.uuid(), fc.oneof(fc.uuid(), fc.uuid({ version: 7 }), fc.stringMatching(/^[0-9a-f-]{36}$/))],
  [
    'strict',
    shape.strict({ a: shape.whole(), b: shape.optional(shape.finite), c: shape.otherwise(shape.finite, () => 7) }),
    z.strictObject({ a: z.int(), b: z.number().optional(), c: z.number().default(7) }),
    fc.record(
      { a: fc.integer(), b: fc.option(fc.double(), { nil: undefined }), c: fc.double(), d: fc.constant(1) },
      { requiredKeys: [] },
    ),
  ],
]

for (const [name, read, schema, likely] of PAIRS)
  test(`${name}: what one takes the other takes, as the same value`, () => {
    fc.assert(fc.property(fc.oneof(likely, likely, anything()), (value) => alike(read, schema, value)))
  })

test('a failure says where', () => {
  const read = shape.strict({ sources: shape.list(shape.strict({ id: shape.uuid })) })
  expect(() => read({ sources: [{ id: 'x' }] })).toThrow('sources.0.id must be')
  expect(() => read({ sources: [], more: 1 })).toThrow('more must be left out')
})

test('what is nested deeper than the stack is refused', () => {
  let deep: unknown = 1
  for (let depth = 0; depth < 1_000_000; depth++) deep = [deep]
  expect(shape.readAs(shape.json, deep)).toBeUndefined()
})

test('a key with a meaning of its own keeps none', () => {
  const read = shape.record(shape.json)(JSON.parse('{"__proto__": {"polluted": true}}'))
  expect(Object.keys(read)).toEqual([])
  expect(read).not.toHaveProperty('polluted')
})
