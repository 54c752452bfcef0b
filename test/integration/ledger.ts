/** What the stages made of the facts, as plain values: for comparing one order of arrival with another, and drafts with sums. */
import { sql } from 'drizzle-orm'
import { fromIso, iso, type Instant } from '#control-plane/base/time.ts'
import { draft } from '#control-plane/billing/index.ts'
import type { Draft } from '#control-plane/billing/contract.ts'
import { addPrice, createDefaultBook } from '#control-plane/catalog/index.ts'
import { NewPrice } from '#control-plane/catalog/contract.ts'
import { setUpContract } from '#control-plane/contracts/index.ts'
import { ms, rows } from '#control-plane/db/index.ts'
import { settle } from '#control-plane/ingest/index.ts'
import { assign } from '#control-plane/inventory/index.ts'
import type { z } from 'zod'
import type { Suite } from '../setup/stack.ts'
import { type Prepared, prepared } from './prepared.ts'

/** A prepared database whose first account has its contract; its legal entity may sell in another currency. */
export async function market(suite: Suite, now: string, currency = 'EUR'): Promise<Prepared> {
  const world = await prepared(suite, now)
  await world.db.execute(sql`update legal_entity set currency = ${currency}`)
  await world.run((ctx) => createDefaultBook(ctx, world.legal_entity_id))
  await world.run((ctx) => setUpContract(ctx, world.account_id))
  return world
}

type PriceInput = Pick<z.input<typeof NewPrice>, 'meter' | 'amount'> & Partial<z.input<typeof NewPrice>>
/** A price of machines: per unit and hour unless told otherwise. */
export const sell = (world: Prepared, price: PriceInput) =>
  world.run((ctx) =>
    addPrice(ctx, NewPrice.parse({ kind: 'vm', model: 'per_unit', per: 'hour', unit: 'vCPU', ...price })),
  )

export const settled = (world: Prepared): Promise<number> => settle(world.db, () => world.clock.now)

export const draftOf = (
  world: Prepared,
  account_id: string,
  as_of: Instant | string = world.clock.now,
): Promise<Draft> =>
  world.run((ctx) => draft(ctx, { account_id, as_of: typeof as_of === 'string' ? fromIso(as_of) : as_of }))

export async function resourceId(world: Prepared, external_id: string): Promise<string> {
  const found = await rows<{ id: string }>(world.db, sql`select id from resource where external_id = ${external_id}`)
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} resources ${external_id}`)
  return found[0].id
}

export const transfer = async (world: Prepared, external_id: string, account_id: string, at: Instant, reason = '') => {
  const id = await resourceId(world, external_id)
  return world.run((ctx) => assign(ctx, id, { account_id, effective_at: iso(at), reason }))
}

export const timeline = (world: Prepared, realm: string) =>
  rows<{ vm: string; from: string; to: string | null; state: string; host: string | null; vcpu: string | null }>(
    world.db,
    sql`select r.external_id as vm, ${ms(sql`v.valid_from`)} as "from", ${ms(sql`v.valid_to`)} as "to", v.from_exact, v.to_exact,
          ${ms(sql`v.not_before`)} as not_before, v.content->>'state' as state, v.content->'size'->>'vcpu_count' as vcpu, v.content,
          s.external_id as scope, h.external_id as host, v.conflict
        from observed_version v join resource r on r.id = v.resource_id join scope s on s.id = v.scope_id left join resource h on h.id = v.host_id
        where r.realm = ${realm} and v.cut_to is null order by r.external_id, v.valid_from`,
  )

export const usage = (world: Prepared, realm: string) =>
  rows<{ vm: string; meter: string; hour: string; quantity: string; estimated: boolean }>(
    world.db,
    sql`select r.external_id as vm, u.meter, ${ms(sql`u.hour`)} as hour, u.quantity::text as quantity, u.estimated, u.gaps, u.reading_count
        from usage_hour u join resource r on r.id = u.resource_id
        where r.realm = ${realm} and u.cut_to is null and (u.quantity > 0 or u.gaps <> '[]') order by 1, 2, 3`,
  )

/** Lines without the ids that differ from one installation to the next. */
export const linesOf = ({ lines, totals, unrated }: Draft) => ({
  totals,
  unrated: unrated.length,
  lines: lines.map(({ component, resource, quantity, exact, net, unobserved_ms, estimated, segments }) => ({
    component,
    name: resource.name,
    quantity,
    exact,
    net,
    unobserved_ms,
    estimated,
    segments: segments.map((s) => [s.from, s.to, s.quantity, s.size, s.amount, s.unobserved_ms, s.estimated]),
  })),
})

export const sumOf = (values: Iterable<string>): bigint => [...values].reduce((sum, value) => sum + BigInt(value), 0n)
