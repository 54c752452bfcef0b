/** A hundred customers of three companies, each with its own currency, tax and prices of every model, that used at random what agents reported. */
import { openLegalEntity } from '#control-plane/contracts/index.ts'
import { changeLegalEntity, listLegalEntities } from '#control-plane/accounts/index.ts'
import { NewLegalEntity } from '#control-plane/accounts/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise, issueNotes, readyToReRate, reRate } from '#control-plane/billing/index.ts'
import { addPrice, listPrices } from '#control-plane/catalog/index.ts'
import { NewPrice } from '#control-plane/catalog/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { newId } from '#control-plane/base/id.ts'
import type { z } from 'zod'
import { Random } from '../world/random.ts'
import { stand } from '#control-plane/limits/index.ts'
import { enrolledAgent, GIB, vm } from './agent.ts'
import { market, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import type { Suite } from '../setup/stack.ts'

/** before a midnight of each of the zones or after one */
export const START = Date.parse('2026-11-10T14:00:00.000Z')
const HOURS = 12
const INVOICED = START + 7 * HOUR_MS
export const END = START + HOURS * HOUR_MS
const ZONES = ['Europe/Madrid', 'Asia/Tokyo', 'America/New_York', 'UTC'] as const

/** How many major units a thing costs about: a yen is little, a dinar much. */
const SELLERS = [
  { currency: 'EUR', invoice_prefix: 'A-', tax_rate: '21.00', dear: 100n },
  { currency: 'JPY', invoice_prefix: 'J-', tax_rate: '10.00', dear: 15_000n },
  { currency: 'KWD', invoice_prefix: 'K-', tax_rate: '7.25', dear: 35n },
] as const
type Seller = (typeof SELLERS)[number]

export interface Hundred {
  world: Prepared
  accounts: { id: string; name: string; language: 'en' | 'es'; currency: string }[]
}

export async function hundredAccounts(suite: Suite, seed: number, count = 100): Promise<Hundred> {
  const random = new Random(seed)
  const world = await market(suite, iso(START))
  const entities = await sellers(world)
  for (const [index, { price_book_id }] of entities.entries())
    for (const price of pricesOf(random.of(`prices ${index}`), SELLERS[index]!.dear))
      await world.run((ctx) => addPrice(ctx, NewPrice.parse({ kind: 'vm', price_book_id, ...price })))
  const accounts: Hundred['accounts'] = []
  for (let index = 0; index < count; index += 1) {
    const seller = index % SELLERS.length
    const [language, name] = [random.pick(['en', 'es'] as const), `Customer ${String(index).padStart(3, '0')} "\\ñ`]
    const wanted = {
      name,
      language,
      zone: random.pick(ZONES),
      legal_entity_id: entities[seller]!.id,
      email: '',
      tax_id: '',
    }
    const { id } = await world.run((ctx) => openAccount(ctx, wanted))
    accounts.push({ id, name, language, currency: SELLERS[seller]!.currency })
  }
  await used(world, random, accounts)
  await billed(world, random, accounts, entities)
  return { world, accounts }
}

async function sellers(world: Prepared) {
  const out: { id: string; price_book_id: string }[] = []
  for (const { currency, invoice_prefix, tax_rate } of SELLERS) {
    const [first] = await world.run(listLegalEntities)
    const { id } =
      currency === first!.currency
        ? await world.run((ctx) => changeLegalEntity(ctx, first!.id, { tax_rate, invoice_prefix }))
        : await world.run((ctx) => openLegalEntity(ctx, sellerOf(currency, invoice_prefix, tax_rate)))
    const { price_book_id } = await world.run((ctx) => listPrices(ctx, { history: false, legal_entity_id: id }))
    out.push({ id, price_book_id })
  }
  return out
}
const sellerOf = (currency: string, invoice_prefix: string, tax_rate: Seller['tax_rate']) =>
  NewLegalEntity.parse({
    name: `Seller in ${currency}`,
    address: { country: 'ES' },
    currency,
    zone: 'Europe/Madrid',
    language: 'en',
    tax_category: 'S',
    tax_rate,
    invoice_prefix,
  })

/** A price of every model, at random amounts. */
function pricesOf(random: Random, dear: bigint): Partial<z.input<typeof NewPrice>>[] {
  /** about a thousandth of `dear` × the factor, with many decimals */
  const amount = (factor: number) => {
    const micro =
      (dear * 1_000n * BigInt(factor) * BigInt(random.int(300, 1_700))) / 1_000n + BigInt(random.int(1, 999))
    return `${micro / 1_000_000n}.${String(micro % 1_000_000n).padStart(6, '0')}`
  }
  const tiers = () => [
    { up_to: '0.5', unit_amount: amount(40), flat_amount: amount(5) },
    { up_to: '1.75', unit_amount: amount(20), flat_amount: '0' },
    { up_to: null, unit_amount: amount(9), flat_amount: amount(3) },
  ]
  const blocks = (size: string, count: number | null) => ({ block_size: size, blocks: count, amount: amount(30) })
  return [
    { meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: amount(10) },
    {
      meter: 'memory',
      model: 'per_unit',
      per: 'hour',
      unit: 'GiB',
      amount: amount(8),
      terms: { included: '720', minimum: amount(50) },
    },
    { meter: 'disk', model: 'graduated', per: 'month', unit: 'GiB', terms: { tiers: tiers() } },
    {
      meter: 'instance',
      model: 'flat',
      per: 'month',
      unit: 'instance',
      amount: amount(900),
      terms: { proration: 'day' },
    },
    { meter: 'ip', model: 'per_unit', per: 'month', unit: 'IP', amount: amount(70), terms: { proration: 'none' } },
    { meter: 'network_transmit_bytes', model: 'graduated', per: 'quantity', unit: 'GB', terms: { tiers: tiers() } },
    { meter: 'network_receive_bytes', model: 'volume', per: 'quantity', unit: 'GB', terms: { tiers: tiers() } },
    {
      meter: 'disk_read_operations',
      model: 'package',
      per: 'quantity',
      unit: 'operation',
      terms: { package: { size: '1000', amount: amount(9), free: '500' } },
    },
    {
      meter: 'disk_write_operations',
      model: 'stair_step',
      per: 'quantity',
      unit: 'operation',
      terms: { steps: { mode: 'all_tiers', tiers: [blocks('1000', 2), blocks('5000', null)] } },
    },
    {
      meter: 'disk_read_bytes',
      model: 'per_unit',
      per: 'quantity',
      unit: 'MB',
      amount: amount(6),
      terms: { maximum: amount(4_000) },
    },
    {
      meter: 'disk_write_bytes',
      model: 'per_unit',
      per: 'quantity',
      unit: 'MB',
      amount: amount(2),
      terms: { included: '300' },
    },
  ] as Partial<z.input<typeof NewPrice>>[]
}

const COUNTED = [
  ['network_transmit_bytes', 900_000_000],
  ['network_receive_bytes', 700_000_000],
  ['disk_read_operations', 2_000],
  ['disk_write_operations', 4_000],
  ['disk_read_bytes', 50_000_000],
  ['disk_write_bytes', 90_000_000],
] as const

/** One to three machines each, of random sizes; each uses what it likes, and some grow on the way. */
async function used(world: Prepared, random: Random, accounts: Hundred['accounts']): Promise<void> {
  const agent = await enrolledAgent(world, 'hundred', null)
  const machines = accounts.flatMap(({ id }, index) =>
    Array.from({ length: random.pick([1, 1, 1, 2]) }, (_, one) => ({
      name: `m${index}-${one}`,
      account_id: id,
      size: {
        vcpu_count: random.int(1, 16),
        memory_bytes: random.int(1, 24) * GIB,
        disk_bytes: random.int(1, 400) * GIB,
        ip_count: random.int(1, 3),
      },
      counters: Object.fromEntries(COUNTED.map(([meter]) => [`${meter}/d0`, 0])),
    })),
  )
  for (let hour = 0; hour < HOURS; hour += 1) {
    const at = START + hour * HOUR_MS
    world.clock.now = at + 1_000
    for (const machine of machines) {
      if (hour > 0) for (const [meter, most] of COUNTED) machine.counters[`${meter}/d0`]! += random.int(0, most)
      if (random.onceIn(40)) machine.size = { ...machine.size, vcpu_count: random.int(1, 16) }
    }
    const epoch = { id: 'boot', origin_ms: START }
    await agent.send([
      agent.listing(
        at,
        'h',
        machines.map(({ name, size }) => vm(name, { size })),
      ),
      ...machines.map(({ name, counters }) =>
        agent.readings(at, name, { ...counters }, { epoch, interval_ms: HOUR_MS }),
      ),
    ])
    if (hour === 0) await settled(world)
    if (hour === 0)
      for (const { name, account_id } of machines)
        await transfer(world, name, account_id, START - HOUR_MS, 'from the start')
  }
  await settled(world)
  world.clock.now = END
}

/** Each has an invoice of the first hours and a draft of the rest; prices of the past are corrected, so that some have a note. */
async function billed(
  world: Prepared,
  random: Random,
  accounts: Hundred['accounts'],
  entities: Awaited<ReturnType<typeof sellers>>,
): Promise<void> {
  const [actor, now] = [system('test'), () => world.clock.now]
  for (const { id } of accounts) await finalise(world.db, actor, now, newId(), { account_id: id, to: iso(INVOICED) })
  for (const [index, { price_book_id }] of entities.entries()) {
    const { items } = await world.run((ctx) => listPrices(ctx, { history: false, price_book_id }))
    const { effective_at, amount } = items.find((one) => one.meter === 'vcpu')!
    const corrected = index === 0 ? `${amount}1` : '0.000001'
    const price = { kind: 'vm', price_book_id, meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU' }
    const input = {
      ...price,
      amount: index === 0 ? `1${corrected}` : corrected,
      effective_at,
      correction: true,
      reason: 'mistyped',
    }
    await world.run((ctx) => addPrice(ctx, NewPrice.parse(input)))
  }
  for (const { id } of random.shuffled(accounts).slice(0, Math.ceil(accounts.length / 8))) {
    const cut = await readyToReRate(world.db, actor, now, {})
    const { digest } = await world.run((ctx) => reRate(ctx, id, cut))
    await world.run((ctx) => issueNotes(ctx, id, { cut: cut.number, digest }))
  }
  for (const { id } of accounts) await world.run((ctx) => stand(ctx, id))
}
