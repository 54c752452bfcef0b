/** What differences come to in a month of 30 days, each by the functions and prices by which its account is billed. */
import { defaultAccount } from '../accounts/index.ts'
import { add, compare, divide, type Fraction, multiply, fraction, subtract, ZERO } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import type { Instant } from '../base/time.ts'
import { getLegalEntity } from '../accounts/index.ts'
import type { Context } from '../db/index.ts'
import { allOf } from '../db/together.ts'
import { listPrices } from '../catalog/index.ts'
import { type Monthly, monthlyOf, standardMonthly } from '../rating/index.ts'
import type { Discrepancy } from './contract.ts'
import type { Silent } from './facts.ts'
import type { Found } from './rules.ts'

type PerMonth = Discrepancy['per_month']
type Way = NonNullable<PerMonth>['way']

/** Accounts are asked together, so many at once. */
const TOGETHER = 500

/** At which prices what things of accounts come to: each account is asked once for all instants. */
interface Terms {
  of: (account_id: string | null, at?: Instant) => Monthly | null
  standard: { currency: string; worth: (machine: NonNullable<Found['machine']>) => Fraction | null }
}

async function termsFor(ctx: Context, found: readonly Found[]): Promise<Terms> {
  const now = ctx.now()
  const asked = new Map<string, Set<Instant>>()
  const ask = (account_id: string | null, at = now) => {
    if (account_id !== null) asked.set(account_id, (asked.get(account_id) ?? new Set()).add(at))
  }
  for (const { worth, account_id, other_account_id = null, services } of found) {
    if (worth.of !== 'standard') ask(account_id ?? other_account_id)
    for (const one of services) ask(one.account_id)
    if (worth.of === 'ended') ask(account_id, worth.at - 1)
  }
  const interval = { from: [...asked.values()].reduce((least, own) => Math.min(least, ...own), now), to: now + 1 }
  const known = new Map<string, ReadonlyMap<Instant, Monthly | null>>()
  const all = [...asked]
  for (let start = 0; start < all.length; start += TOGETHER) {
    const some = all.slice(start, start + TOGETHER)
    const made = await allOf(some.map(([account_id, instants]) => monthlyOf(ctx, account_id, [...instants], interval)))
    for (const [index, [account_id]] of some.entries()) known.set(account_id, made[index] ?? new Map())
  }
  const { id: account_id, legal_entity_id } = await defaultAccount(ctx)
  const { currency } = await getLegalEntity(ctx, legal_entity_id)
  const { price_book_id } = await listPrices(ctx, { history: false, legal_entity_id })
  return {
    of: (id, at = now) => known.get(id ?? '')?.get(at) ?? null,
    standard: { currency, worth: await standardMonthly(ctx, price_book_id, { account_id, legal_entity_id }, now) },
  }
}

/** The money of each difference, in their order. `silent`: what the counters of `unmetered` counted before. */
export async function moneyOf(ctx: Context, found: readonly Found[], silent: readonly Silent[]): Promise<PerMonth[]> {
  if (found.length === 0) return []
  const terms = await termsFor(ctx, found)
  const quantities = Map.groupBy(silent, ({ resource_id }) => resource_id)
  return found.map((one) => {
    const made = worthOf(one, terms, quantities.get(one.machine?.id ?? '') ?? [])
    return made && presented(made)
  })
}

interface Exact {
  exact: Fraction
  currency: string
  /** of a positive amount; a negative one is the other way round */
  way: Way
}
const exactly = (exact: Fraction | null | undefined, currency: string | undefined, way: Way): Exact | null =>
  exact && currency !== undefined ? { exact, currency, way } : null

function worthOf(found: Found, terms: Terms, silent: readonly Silent[]): Exact | null {
  const { worth, machine, account_id } = found
  const own = terms.of(account_id)
  switch (worth.of) {
    case 'nothing':
      return exactly(ZERO, own?.currency, 'none')
    case 'standard':
      return machine && exactly(terms.standard.worth(machine), terms.standard.currency, 'loss')
    case 'charged': {
      // what fulfils a service and is nobody's would be charged to whose service it is
      const by = own ?? terms.of(found.other_account_id ?? null)
      return machine && exactly(by?.charged(machine), by?.currency, found.kind === 'owner' ? 'disputed' : 'overcharge')
    }
    case 'fees':
      return feesOf(found, worth.service_ids, terms)
    case 'beyond':
      return machine && own && exactly(beyond(machine, worth.promised, own), own.currency, 'loss')
    case 'ended': {
      const before = terms.of(account_id, worth.at - 1)
      if (!machine || !own || before?.currency !== own.currency) return null
      const fee = before.fee(worth.service_id)
      const brought = both(fee && divide(fee, fraction(BigInt(worth.machines))), before.charged(machine), add)
      return exactly(both(brought, own.charged(machine), subtract), own.currency, 'loss')
    }
    case 'brought':
      return brought(found, worth.parts, terms)
    case 'usage': {
      if (!machine || !own || silent.length === 0 || silent.some(({ read_at }) => read_at === null)) return null
      return exactly(own.measured(machine, silent), own.currency, 'loss')
    }
  }
}

const both = (a: Fraction | null, b: Fraction | null, make: typeof add): Fraction | null => (a && b ? make(a, b) : null)

/** Fees of services, where all of them are in one currency. */
function feesOf({ services }: Found, ids: readonly string[], terms: Terms): Exact | null {
  const paid = services
    .filter(({ id }) => ids.includes(id))
    .map(({ id, account_id }) => ({
      fee: terms.of(account_id)?.fee(id) ?? null,
      currency: terms.of(account_id)?.currency,
    }))
  const [first] = paid
  if (!first || paid.some(({ currency }) => currency !== first.currency)) return null
  return exactly(
    paid.reduce<Fraction | null>((sum, { fee }) => both(sum, fee, add), ZERO),
    first.currency,
    'overcharge',
  )
}

/** What a machine is charged with its part of fees, where all of it is in one currency. */
function brought(
  { machine, account_id }: Found,
  parts: Extract<Found['worth'], { of: 'brought' }>['parts'],
  terms: Terms,
): Exact | null {
  const own = terms.of(account_id ?? parts[0]?.service.account_id ?? null)
  if (!machine || !own) return null
  let sum = own.charged(machine)
  for (const { service, machines } of parts) {
    const by = terms.of(service.account_id)
    if (by?.currency !== own.currency) return null
    const fee = by.fee(service.id)
    sum = both(sum, fee && divide(fee, fraction(BigInt(machines))), add)
  }
  return exactly(sum, own.currency, 'loss')
}

/** What is held beyond what was promised comes to at the prices beside the plan, less what is charged of it. */
function beyond(machine: NonNullable<Found['machine']>, promised: typeof machine.size, own: Monthly): Fraction | null {
  const than = { ...machine, size: promised }
  const given = both(own.standard(machine), own.standard(than), subtract)
  return both(given, both(own.charged(machine), own.charged(than), subtract), subtract)
}

const OTHER_WAY: Readonly<Record<Way, Way>> = {
  loss: 'overcharge',
  overcharge: 'loss',
  disputed: 'disputed',
  none: 'none',
}
function presented({ exact, currency, way }: Exact): PerMonth {
  const sign = compare(exact, ZERO)
  const minor = toMinor(sign < 0 ? multiply(exact, fraction(-1n)) : exact, currency)
  const which = minor === 0n ? 'none' : sign < 0 ? OTHER_WAY[way] : way
  return { amount: majorText(minor, currency), currency, way: which }
}
