/** Bodies of messages: small, whole and within the limits. */
import { Batch, LIMITS } from '#connectors/contract.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compressed, inflated, seal } from './batch.ts'

const facts = (bodies: Uint8Array[]) => bodies.flatMap((body) => Batch.parse(JSON.parse(inflated(body))).facts)

test('what is sealed is read again, in order, with the offset and the boot', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 20 }), fc.integer(), (given, offset) => {
      const { bodies } = seal(given, offset, 'boot')
      expect(facts(bodies)).toEqual(JSON.parse(JSON.stringify(given)))
      for (const body of bodies)
        expect(JSON.parse(inflated(body))).toMatchObject({ protocol: 1, clock_offset_ms: offset, boot_id: 'boot' })
    }),
  )
})

test('more than a message holds becomes several, each within both limits', () => {
  const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64')
  const given = Array.from({ length: 30 }, (_, n) => ({ n, noise: noise() }))
  const plain = Array.from({ length: 30 }, (_, n) => ({ n, plain: 'x'.repeat(1_000_000) }))
  for (const set of [given, plain]) {
    const { bodies, refused } = seal(set, 0, 'boot')
    expect(refused).toEqual([])
    expect(bodies.length).toBeGreaterThan(1)
    expect(facts(bodies)).toEqual(set)
    for (const body of bodies) {
      expect(body.length).toBeLessThanOrEqual(LIMITS.bodyBytes)
      expect(inflated(body).length).toBeLessThanOrEqual(LIMITS.inflatedBytes)
    }
  }
})

test('a fact that alone is too large is named, and the others go', () => {
  const large = { large: 'x'.repeat(LIMITS.inflatedBytes) }
  const { bodies, refused } = seal([1, large, 2], 0, 'boot')
  expect(refused).toEqual([large])
  expect(facts(bodies)).toEqual([1, 2])
})

test('a body that inflates beyond the limit is refused while it inflates', () => {
  expect(() => inflated(compressed('x'.repeat(LIMITS.inflatedBytes + 1)))).toThrow()
})
