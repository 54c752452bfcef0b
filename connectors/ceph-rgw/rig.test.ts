import { afterAll, expect, test } from 'vitest'
import { rig } from '#test/connectors/ceph-rgw.ts'
import { Watcher } from '#test/connectors/ceph-rgw-watcher.ts'
import { TROUBLES } from '#test/connectors/rig.ts'

const it = rig()
afterAll(() => it.end())
const T0 = Date.UTC(2026, 4, 1, 9, 59)
let now = T0
const eye = new Watcher(() => now, it.settings)
const tick = async () => {
  now += 30_000
  await eye.tick(AbortSignal.timeout(500))
}
const counted = (bucket: string) => eye.value(bucket, it.counter!)

test('its verbs do what they say, as the connector sees it', async () => {
  await it.add('one')
  await it.add('two')
  await tick()
  await it.use('one', 12_345_678_901_234_567n)
  await tick()
  expect([counted('one'), counted('two')]).toEqual([12_345_678_901_234_567n, 0n])
  await it.label('one', 'a customer')
  await it.remove('two')
  await tick()
  const buckets = () => eye.listing().resources.filter(({ kind }) => kind === it.kind)
  expect(buckets()).toMatchObject([{ external_id: 'one', parent: { kind: 's3_user', external_id: 'a customer' } }])
  const [first] = buckets()
  await it.remove('one')
  await it.reuse('one')
  await tick()
  expect(buckets()).toHaveLength(1)
  expect(buckets()[0]?.incarnation).not.toBe(first?.incarnation)
})

test('each trouble is told, but for the change between pages; nothing is ended or lost by any', async () => {
  const expected = {
    incomplete: 'bad_answer',
    changes_between_pages: null,
    rate_limited: 'limit',
    hangs: 'timeout',
    expired_credential: 'refused',
    untrusted_tls: 'refused',
    missing_right: 'refused',
    garbled: 'bad_answer',
  }
  for (const trouble of TROUBLES) {
    if (it.cannot[trouble] !== undefined) continue
    await it.use('one', 7n)
    await it.trouble(trouble)
    const told = await tick().then(
      () => null,
      (error: { code: string }) => error.code,
    )
    expect([trouble, told]).toEqual([trouble, expected[trouble]])
    if (trouble === 'incomplete') expect(eye.listing().complete).toBe(false)
    await it.calm()
    await tick()
    expect(eye.listing()).toMatchObject({ complete: true })
    expect(eye.listing().resources.map(({ external_id }) => external_id)).toContain('one')
  }
  expect(eye.fell()).toEqual([])
  expect(counted('one')).toBe(7n * BigInt(TROUBLES.filter((trouble) => it.cannot[trouble] === undefined).length))
})
