/** Health facts: when they are told, and what they never say. */
import { ConnectorError, Fact } from '#connectors/contract.ts'
import { expect, test } from 'vitest'
import { HealthOfSource, failureOf, withoutSecrets } from './health.ts'

const SOURCE = '019aa000-0000-7000-8000-000000000001'
const failure = { code: 'unreachable', message: 'no route', remedy: 'check the address' }

test('health is told at each change and once a minute, not at each tick', () => {
  const health = new HealthOfSource(SOURCE)
  const told = []
  for (let at = 0; at <= 180_000; at += 10_000)
    if (health.told(1_800_000_000_000 + at, 5, '1.0.0', at >= 90_000 && at < 110_000 ? failure : undefined))
      told.push(at)
  expect(told).toEqual([0, 60_000, 90_000, 110_000, 170_000])
})

test('the facts are valid', () => {
  const health = new HealthOfSource(SOURCE)
  const facts = [health.told(1_800_000_000_000, 5, '1.0.0'), health.told(1_800_000_001_000, 6, undefined, failure)]
  expect(facts.map((fact) => Fact.parse(fact))).toMatchObject([
    { ok: true, version: '1.0.0' },
    { ok: false, error: failure },
  ])
})

test('another message of the same failure is a change', () => {
  const health = new HealthOfSource(SOURCE)
  health.told(0, 1, '1', failure)
  expect(health.told(1, 1, '1', { ...failure, message: 'refused' })).not.toBeNull()
  expect(health.told(2, 1, '1', { ...failure, message: 'refused' })).toBeNull()
})

test('a wall clock that was set back does not silence a source', () => {
  const health = new HealthOfSource(SOURCE)
  health.told(1_800_000_000_000, 1)
  expect(health.told(1_800_000_000_000 - 3_600_000, 1)).not.toBeNull()
})

test('a failure of a connector keeps its code and remedy, anything else is unexpected', () => {
  const same = (text: string) => text
  expect(failureOf(new ConnectorError('timeout', 'a', 'b'), same)).toEqual({
    code: 'timeout',
    message: 'a',
    remedy: 'b',
  })
  expect(failureOf(new TypeError('x is undefined'), same)).toMatchObject({
    code: 'unexpected',
    message: 'x is undefined',
  })
  expect(failureOf('', same).message).toBe('no message')
  expect(failureOf(new Error('x'.repeat(9_999)), same).message).toHaveLength(2_000)
})

test('no secret leaves in an error: neither a setting nor what stands in an address', () => {
  const settings = { password: 'hunter2', user: 'root' }
  expect(withoutSecrets('login root:hunter2 failed', settings, ['password'])).toBe('login root:••• failed')
  expect(withoutSecrets('qemu+ssh://root:pw@h/system and nats://a:b@c', {}, [])).toBe(
    'qemu+ssh://•••@h/system and nats://•••@c',
  )
})
