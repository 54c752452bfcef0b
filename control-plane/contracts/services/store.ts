/** The SQL of services: their versions, and the resources that fulfil them. A superseded row stays for the closed cuts that knew it. */
import { and, asc, eq, gt, inArray, isNull, lt, min, or, type SQL, sql } from 'drizzle-orm'
import type { Kind } from '#connectors/contract.ts'
import type { Instant, Interval } from '../../base/time.ts'
import { knownAt, LIVE } from '../../db/cut.ts'
import { ofWholeAccounts, withinReach } from '../../db/fence.ts'
import { type Context, rows, type Tx } from '../../db/index.ts'
import { together } from '../../db/together.ts'
import { service, serviceResource, serviceSuspension, serviceVersion } from '../schema.ts'

export type ServiceRow = typeof service.$inferSelect
export type VersionRow = typeof serviceVersion.$inferSelect
export type ResourceRow = typeof serviceResource.$inferSelect
export type SuspensionRow = typeof serviceSuspension.$inferSelect
type Table = typeof serviceVersion | typeof serviceResource

export const insertService = async (tx: Tx, row: ServiceRow): Promise<void> => {
  await tx.insert(service).values(row)
}

/** Subscriptions that the caller reaches, the oldest first. */
export const subscriptions = (ctx: Context, which: { account_id: string } | { id: string }): Promise<ServiceRow[]> =>
  ctx.tx
    .select()
    .from(service)
    .where(
      and(
        eq(service.kind, 'subscription'),
        'id' in which ? eq(service.id, which.id) : eq(service.account_id, which.account_id),
        withinReach(ctx, service.account_id),
        ofWholeAccounts(ctx),
      ),
    )
    .orderBy(asc(service.valid_from), asc(service.id))

/** Held until the transaction ends: what is decided of a service is decided one after the other. */
export const lockService = (tx: Tx, id: string) =>
  tx.select({ id: service.id }).from(service).where(eq(service.id, id)).for('update')

export const addOnsOf = (tx: Tx, id: string): Promise<ServiceRow[]> =>
  tx.select().from(service).where(eq(service.parent_id, id)).orderBy(asc(service.id))

const overlapping = (table: Table, { from, to }: Interval): SQL | undefined =>
  and(lt(table.valid_from, to), or(isNull(table.valid_to), gt(table.valid_to, from)))

interface Asked {
  account_ids?: readonly string[]
  service_ids?: readonly string[]
  ids?: readonly string[]
  /** default: whenever */
  within?: Interval
  cut?: number
}
const asked = (table: Table, { account_ids, service_ids, ids, within, cut = LIVE }: Asked): SQL | undefined =>
  and(
    account_ids && inArray(table.account_id, [...account_ids]),
    service_ids && inArray(table.service_id, [...service_ids]),
    ids && inArray(table.id, [...ids]),
    within && overlapping(table, within),
    knownAt(table.cut_from, table.cut_to, cut),
  )

/** Versions that a cut knew, oldest first; default: those that hold. */
export const versionsOf = (tx: Tx, which: Asked): Promise<VersionRow[]> =>
  tx
    .select()
    .from(serviceVersion)
    .where(asked(serviceVersion, which))
    .orderBy(asc(serviceVersion.valid_from), asc(serviceVersion.id))

export const resourcesOf = (tx: Tx, which: Asked): Promise<ResourceRow[]> =>
  tx
    .select()
    .from(serviceResource)
    .where(asked(serviceResource, which))
    .orderBy(asc(serviceResource.valid_from), asc(serviceResource.id))

/** Since when an account has services at all, as known to a cut. */
export const earliest = together(async ({ tx }, cut: number, account_ids: readonly string[]) => {
  const found = await tx
    .select({ account_id: serviceVersion.account_id, from: min(serviceVersion.valid_from) })
    .from(serviceVersion)
    .where(asked(serviceVersion, { account_ids, cut }))
    .groupBy(serviceVersion.account_id)
  const known = new Map(found.map((row) => [row.account_id, row.from]))
  return account_ids.map((id) => known.get(id) ?? null)
})

export const insertVersions = async (tx: Tx, list: readonly VersionRow[]): Promise<void> => {
  if (list.length > 0) await tx.insert(serviceVersion).values([...list])
}
export const insertResources = async (tx: Tx, list: readonly ResourceRow[]): Promise<void> => {
  if (list.length > 0) await tx.insert(serviceResource).values([...list])
}

/** Ends the knowledge of rows with the open cut; what no closed cut knew is dropped. */
export async function supersede(
  tx: Tx,
  table: 'version' | 'resource',
  list: readonly { id: string; cut_from: number }[],
  open: number,
): Promise<void> {
  const of = table === 'version' ? serviceVersion : serviceResource
  const [fresh, known] = [list.filter((row) => row.cut_from === open), list.filter((row) => row.cut_from !== open)]
  const ids = (some: typeof list) =>
    inArray(
      of.id,
      some.map((row) => row.id),
    )
  if (fresh.length > 0) await tx.delete(of).where(ids(fresh))
  if (known.length > 0) await tx.update(of).set({ cut_to: open }).where(ids(known))
}

/** Suspensions that hold, held or are planned, oldest first. */
export const suspensionsOf = async (tx: Tx, service_ids: readonly string[]): Promise<SuspensionRow[]> =>
  service_ids.length === 0
    ? []
    : tx
        .select()
        .from(serviceSuspension)
        .where(
          and(
            inArray(serviceSuspension.service_id, [...service_ids]),
            knownAt(serviceSuspension.cut_from, serviceSuspension.cut_to, LIVE),
          ),
        )
        .orderBy(asc(serviceSuspension.valid_from), asc(serviceSuspension.id))

export const insertSuspensions = async (tx: Tx, list: readonly SuspensionRow[]): Promise<void> => {
  if (list.length > 0) await tx.insert(serviceSuspension).values([...list])
}

/** What was told stays, though it holds no more: even what no closed cut knew; with who said so and why. */
export const supersedeSuspensions = async (
  tx: Tx,
  list: readonly SuspensionRow[],
  said: Pick<SuspensionRow, 'cut_to' | 'end_actor' | 'end_reason' | 'end_recorded_at'>,
): Promise<void> => {
  const ids = list.map(({ id }) => id)
  await tx.update(serviceSuspension).set(said).where(inArray(serviceSuspension.id, ids))
}

/** Names of resources, for services that they fulfil. */
export const namesOf = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{ id: string; kind: Kind; name: string }>(
        ctx.tx,
        sql`select id, kind, name from resource where id = any(${`{${ids.join(',')}}`}::uuid[])`,
      )

/** Resources of an account in no service at an instant, of these kinds. */
export const unattached = (ctx: Context, account_id: string, kinds: readonly string[], at: Instant, limit: number) =>
  kinds.length === 0
    ? Promise.resolve([])
    : rows<{ id: string; kind: Kind; name: string }>(
        ctx.tx,
        sql`select r.id, r.kind, r.name from resource r
            where r.account_id = ${account_id}::uuid and r.ended_at is null and r.covered_by is null and r.kind = any(${`{${kinds.join(',')}}`}::text[])
              and not exists (select 1 from service_resource s where s.resource_id = r.id and s.account_id = r.account_id and s.cut_to is null
                and tstzrange(s.valid_from, s.valid_to) @> ${new Date(at).toISOString()}::timestamptz)
            order by lower(r.name), r.id limit ${limit}`,
      )
