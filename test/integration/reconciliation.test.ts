/** Reconciliation: of 200 planted differences among a thousand machines each is found once with its money, and silence makes none; over many seeds. */
import { Big } from 'big.js'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { type AdoptionPreview, DISCREPANCIES } from '#control-plane/reconciliation/contract.ts'
import { IS_FULL } from '../setup/size.ts'
import { Suite } from '../setup/stack.ts'
import { seedsOf } from '../world/seeds.ts'
import { enrolledAgent } from './agent.ts'
import type { Machine, Realm } from './discrepancies.ts'
import { REALMS } from './discrepancies.ts'
import type { Tariff } from './discrepancy-prices.ts'
import { ago, DAY, lineOf, NOW, sorted, type Stage, stageOf } from './discrepancy-world.ts'
import { draftOf, settled } from './ledger.ts'

/** One or a range: `RECONCILIATION_SEEDS=1..20 npm test -- integration reconciliation`. */
const { RECONCILIATION_SEEDS, RECONCILIATION_SEED } = process.env
const SEEDS = seedsOf(RECONCILIATION_SEEDS ?? RECONCILIATION_SEED ?? (IS_FULL ? '1..5' : '1'))

describe.each(SEEDS)('seed %i', (seed) => {
  let suite: Suite
  let stage: Stage
  beforeAll(async () => {
    suite = new Suite()
    stage = await stageOf(suite, seed)
  }, 240_000)
  afterAll(() => suite.end())

  const found = async (query = '') => sorted((await stage.all(query)).map(lineOf))
  const planted = (which?: Parameters<Stage['truth']>[0]) => sorted(stage.truth(which))

  test('every planted difference is found once, with its money to the cent, and nothing else is', async () => {
    expect(stage.fleet.truth).toHaveLength(200)
    expect(new Set(stage.fleet.truth.map(({ kind }) => kind))).toEqual(new Set(DISCREPANCIES))
    expect(await found()).toEqual(planted())
  })

  test('the summary counts what the list shows: its money by kind, what matches, and nothing unknown', async () => {
    const [items, made] = [await stage.all(), await stage.summary()]
    expect(made.month_hours).toBe(720)
    for (const { kind, count, unpriced, per_month } of made.kinds) {
      const own = items.filter((one) => one.kind === kind)
      const priced = own.flatMap(({ per_month: worth }) => worth ?? [])
      const sums = [...Map.groupBy(priced, ({ currency }) => currency)]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([currency, list]) => {
          const of = (way: string) =>
            list
              .filter((worth) => worth.way === way)
              .reduce((sum, worth) => sum.plus(worth.amount), new Big(0))
              .toFixed(2)
          return { currency, loss: of('loss'), overcharge: of('overcharge'), disputed: of('disputed') }
        })
      expect([kind, count, unpriced, per_month]).toEqual([kind, own.length, own.length - priced.length, sums])
    }
    expect(made.unknown).toEqual({ machines: 0, services: 0, sources: [] })
    const differing = new Set(items.flatMap(({ service: of, resource }) => (of ? [] : (resource?.id ?? []))))
    expect(made.matched + differing.size).toBe(made.machines)
  })

  test('the list is filtered, sorted and written as CSV', async () => {
    const ghosts = await found('&kind=ghost')
    expect(ghosts).toEqual(planted(({ kind }) => kind === 'ghost'))
    const beta = await stage.all('&realm=beta')
    expect(new Set(beta.map(({ resource }) => resource?.realm))).toEqual(new Set(['beta']))
    const own = await stage.all(`&account_id=${stage.accounts[3]}`)
    expect(own.length).toBeGreaterThan(0)
    expect(new Set(own.map(({ account }) => account?.id))).toEqual(new Set([stage.accounts[3]]))
    const amounts = (await stage.all('&sort=money'))
      .filter(({ per_month }) => per_month === null || per_month.currency === 'EUR')
      .map(({ per_month }) => per_month && Number(per_month.amount))
    expect(amounts).toEqual(amounts.toSorted((a, b) => (b ?? -1) - (a ?? -1)))
    const csv = (await stage.shop.call('GET', '/reconciliation.csv?kind=ghost&sort=name&order=asc')).text
    expect(csv.trim().split('\r\n')).toHaveLength(1 + ghosts.length)
    expect(csv).toContain('amount_per_720_hours')
  })

  /** What is claimed of a realm while nothing can be known of it: only what needs no look. */
  async function darkened(realm: Realm, state: string): Promise<void> {
    const made = await stage.summary()
    // a machine that another eye looks after is known by the eye that is billed
    const isLeft = (one: Stage['fleet']['truth'][number]) =>
      one.kind === 'ghost' || (one.realm !== realm && !(realm === 'beta' && one.by_eye))
    expect([state, await found()]).toEqual([state, planted(isLeft)])
    const seen = stage
      .machinesOf(realm)
      .filter((one) => !one.gone && one.seen.kind !== 'network' && !(realm === 'beta' && isEye(one)))
    expect(made.unknown.machines).toBe(seen.length)
    expect(made.unknown.sources).toMatchObject([{ source: { realm }, state, machines: seen.length }])
  }
  const change = (assignments: ReturnType<typeof sql>, which: ReturnType<typeof sql>) =>
    stage.world.db.execute(sql`update source set ${assignments} where ${which}`)

  test.for([
    ['failing', sql`error = '{"code":"x","message":"x","remedy":"x","since_ms":1}'::jsonb`, sql`error = null`],
    ['paused', sql`paused_at = now()`, sql`paused_at = null`],
    [
      'silent',
      sql`last_fact_at = last_fact_at - interval '10 days'`,
      sql`last_fact_at = last_fact_at + interval '10 days'`,
    ],
  ] as const)(
    'of a realm whose source is %s nothing is claimed, and its machines count as unknown',
    async ([state, make, mend]) => {
      for (const realm of REALMS) {
        await change(make, sql`realm = ${realm}`)
        await darkened(realm, state)
        await change(mend, sql`realm = ${realm}`)
      }
      expect(await found()).toEqual(planted())
    },
  )

  test('of two sources of one realm one that does well is enough, but for the counters that the other read; one that has said nothing yet hides what ended', async () => {
    const first = sql`id = ${stage.agents.get('alpha')?.source}`
    const second = await enrolledAgent(stage.world, 'alpha', null)
    const isFromAlpha = ({ realm }: Stage['fleet']['truth'][number]) => realm === 'alpha'
    expect(await found()).toEqual(planted((one) => !(one.kind === 'gone' && isFromAlpha(one))))
    const { source } = second
    await second.send([{ ...stage.listing('alpha', 0, ({ gone }) => !gone, true, NOW - 5_000), source }])
    await settled(stage.world)
    expect(await found()).toEqual(planted())
    await change(sql`paused_at = now()`, first)
    expect(await found()).toEqual(planted((one) => !(one.by_counter && isFromAlpha(one))))
    const counters = stage.fleet.truth.filter((one) => one.by_counter && isFromAlpha(one))
    expect((await stage.summary()).unknown.machines).toBe(counters.length)
    await change(sql`paused_at = null`, first)
    await change(sql`paused_at = now()`, sql`id = ${source}`)
    expect(await found()).toEqual(planted())
    await change(sql`deleted_at = now()`, sql`id = ${source}`)
    expect(await found()).toEqual(planted())
  })

  test('an orphan is adopted from a past instant: the preview writes nothing, and says what each month then comes to', async () => {
    const orphan = stage.fleet.truth.find(({ kind, amount }) => kind === 'orphan' && amount !== null)!
    const machine = stage.fleet.machines.find(({ name }) => name === orphan.subject)!
    const id = stage.ids.get(machine.name)!
    const wanted = { name: 'adopter', tax_id: '', email: '', contract_from: iso(ago(60)) }
    const account_id = (await stage.world.run((ctx) => openAccount(ctx, wanted))).id
    const from = Date.parse('2026-10-21T12:00:00.000Z')
    const adoption = { account_id, effective_at: iso(from) }
    const preview = () => stage.shop.ask<AdoptionPreview>('POST', `/resources/${id}/adoption-preview`, adoption)
    const made = await preview()
    // in Madrid November begins an hour before it does in UTC
    const november = Date.parse('2026-10-31T23:00:00.000Z')
    const parts = [
      { month: '2026-10', ms: november - from, whole: 31 * DAY + HOUR_MS },
      { month: '2026-11', ms: NOW - november, whole: 30 * DAY },
    ]
    const months = parts.map(({ month, ms, whole }) => ({ month, amount: linear(machine, ms, whole), invoiced: false }))
    // what holds for a whole month at once is only known to add up
    const isLinear = months.every(({ amount }) => amount !== null)
    expect(made.months.map(({ month, amount }) => ({ month, amount, invoiced: false }))).toEqual(
      isLinear ? months : made.months,
    )
    expect(made).toMatchObject({ currency: 'EUR', unrated: 0 })
    expect(made.total).toBe(made.months.reduce((sum, { amount }) => sum.plus(amount), new Big(0)).toFixed(2))
    expect(await preview()).toEqual(made)
    expect((await stage.all('&kind=orphan')).map(({ resource }) => resource?.id)).toContain(id)
    await stage.shop.ask('POST', `/resources/${id}/assignments`, adoption)
    expect((await stage.all('&kind=orphan')).map(({ resource }) => resource?.id)).not.toContain(id)
    // its first bill is that of October
    expect((await draftOf(stage.world, account_id)).totals.net).toBe(made.months[0]?.amount)
    const undo = { from: iso(from), reason: 'adopted by mistake' }
    await stage.shop.ask('DELETE', `/resources/${id}/assignments?${new URLSearchParams(undo).toString()}`)
    expect(await found()).toEqual(planted())
    expect((await draftOf(stage.world, account_id)).totals.net).toBe('0.00')
  })

  /** What a machine is billed at prices of each unit alone; null where one says more. */
  function linear({ seen: { size = {} } }: Machine, ms: number, whole: number): string | null {
    const { vcpu, memory, instance, gigabyte } = stage.fleet.prices.standard.EUR
    // the first tier of what is used is entered by having the machine
    const standing = new Big(gigabyte.terms?.tiers?.[0]?.flat_amount ?? 0)
    const units = [Number(size.vcpu_count ?? 0), Number(size.memory_bytes ?? 0) / 2 ** 30, 1]
    const prices = [vcpu, memory, instance].flatMap((price: Tariff | null, index) =>
      price ? [{ price, units: units[index] ?? 0 }] : [],
    )
    if (prices.some(({ price }) => price.terms)) return null
    return prices
      .map(({ price, units: of }) =>
        new Big(price.amount)
          .times(of)
          .times(ms)
          .div(price.per === 'hour' ? HOUR_MS : whole)
          .round(2, Big.roundHalfUp),
      )
      .reduce((sum, line) => sum.plus(line), standing)
      .toFixed(2)
  }

  test('of a realm whose listings are incomplete nothing is claimed, however much they leave out', async () => {
    const [alpha, beta] = [stage.agents.get('alpha')!, stage.agents.get('beta')!]
    const { clock } = stage.world
    const listed = (realm: Realm, complete: boolean) =>
      stage.listing(realm, 0, ({ gone }, index) => !gone && (complete || index % 3 === 0), complete, clock.now)
    const read = (realm: Realm) =>
      stage
        .machinesOf(realm)
        .filter(({ read: last }) => last !== null && last < 1)
        .map((one) => stage.reading(realm === 'alpha' ? alpha : beta, one, -200, clock.now - HOUR_MS))
    for (let day = 0; day < 4; day += 1) {
      clock.now += DAY
      await alpha.send([listed('alpha', false), ...read('alpha')])
      await beta.send([listed('beta', true), ...read('beta')])
    }
    await settled(stage.world)
    const items = (await stage.all()).map(lineOf)
    expect(sorted(items.filter(([kind]) => kind === 'ghost'))).toEqual(planted(({ kind }) => kind === 'ghost'))
    const names = new Set(stage.machinesOf('alpha').map(({ name }) => name))
    expect(items.filter(([, subject]) => names.has(subject))).toEqual([])
    const isGone = ({ kind, realm }: Stage['fleet']['truth'][number]) => kind === 'gone' && realm === 'alpha'
    const gone = new Set(stage.truth(isGone).map(([, subject]) => subject))
    expect(items.filter(([, subject]) => gone.has(subject))).toEqual([])
    expect((await stage.summary()).unknown.sources).toMatchObject([{ source: { realm: 'alpha' }, state: 'incomplete' }])
    clock.now = NOW
  })
})

/** The second eye of a pair lies in beta, and the first is billed. */
const isEye = ({ seen }: Machine) => seen.evidence?.smbios_uuid !== undefined
