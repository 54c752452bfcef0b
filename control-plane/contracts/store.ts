/** The SQL of contracts and the services under them. */
import { and, asc, desc, eq, gt, inArray, isNull, lt, or } from 'drizzle-orm'
import type { Instant, Interval } from '../base/time.ts'
import { ofWholeAccounts, withinReach } from '../db/fence.ts'
import type { Context, Tx } from '../db/index.ts'
import { together } from '../db/together.ts'
import { contract, contractBook, service } from './schema.ts'

export type ContractRow = typeof contract.$inferSelect
export type ServiceRow = typeof service.$inferSelect

export async function insertContract(tx: Tx, row: ContractRow, services: ServiceRow[]): Promise<void> {
  await tx.insert(contract).values(row)
  await tx.insert(service).values(services)
}

const sold = eq(contract.side, 'sale')
const soldTo = (account_id: string) => and(eq(contract.account_id, account_id), sold)

/** The contract under which an account buys at an instant, with its services. */
export const contractAt = (ctx: Context, account_id: string, at: Instant) => contractsAt(ctx, null, { account_id, at })
const contractsAt = together(async ({ tx }, _all: null, asked: readonly { account_id: string; at: Instant }[]) => {
  const ids = [...new Set(asked.map(({ account_id }) => account_id))]
  const found = await tx
    .select()
    .from(contract)
    .where(and(inArray(contract.account_id, ids), sold))
    .orderBy(desc(contract.valid_from))
  const services = Map.groupBy(
    await servicesOf(
      tx,
      found.map(({ id }) => id),
    ),
    (row) => row.contract_id,
  )
  return asked.map(({ account_id, at }) => {
    const isInForce = (row: ContractRow) => row.valid_from <= at && (row.valid_to === null || row.valid_to > at)
    const row = found.find((one) => one.account_id === account_id && isInForce(one))
    return row ? { ...row, services: services.get(row.id) ?? [] } : null
  })
})

/** Contracts that hold in a part of an interval and have one of some price books then, their own or a negotiated one; by account. */
export const contractsWithin = (
  tx: Tx,
  price_book_ids: readonly string[],
  { from, to }: Interval,
): Promise<ContractRow[]> =>
  tx
    .select()
    .from(contract)
    .where(
      and(
        sold,
        or(
          inArray(contract.price_book_id, [...price_book_ids]),
          inArray(
            contract.id,
            tx
              .select({ id: contractBook.contract_id })
              .from(contractBook)
              .where(
                and(
                  inArray(contractBook.price_book_id, [...price_book_ids]),
                  isNull(contractBook.cut_to),
                  lt(contractBook.valid_from, to),
                  or(isNull(contractBook.valid_to), gt(contractBook.valid_to, from)),
                ),
              ),
          ),
        ),
        lt(contract.valid_from, to),
        or(isNull(contract.valid_to), gt(contract.valid_to, from)),
      ),
    )
    .orderBy(asc(contract.account_id), asc(contract.valid_from))

export async function anyContract(tx: Tx, account_id: string): Promise<boolean> {
  const found = await tx.select({ id: contract.id }).from(contract).where(soldTo(account_id)).limit(1)
  return found.length > 0
}

/** All contracts of an account, the oldest first. */
export const contractsOf = (ctx: Context, account_id: string): Promise<ContractRow[]> =>
  ctx.tx
    .select()
    .from(contract)
    // what the installation itself pays is none of a tenant's business
    .where(
      and(
        eq(contract.account_id, account_id),
        withinReach(ctx, contract.account_id),
        ofWholeAccounts(ctx),
        ctx.actor.account_id === null ? undefined : sold,
      ),
    )
    .orderBy(asc(contract.valid_from), asc(contract.id))

/** Their pay-as-you-go services; subscriptions are listed by themselves. */
export async function servicesOf(tx: Tx, contract_ids: string[]): Promise<ServiceRow[]> {
  if (contract_ids.length === 0) return []
  return tx
    .select()
    .from(service)
    .where(and(inArray(service.contract_id, contract_ids), eq(service.kind, 'pay_as_you_go')))
    .orderBy(asc(service.valid_from), asc(service.id))
}

/** Holds a contract until the transaction ends; several in one order everywhere. */
export const lockContract = (ctx: Context, id: string): Promise<void> => lockContracts(ctx, null, id)
const lockContracts = together(async ({ tx }, _all: null, ids: readonly string[]) => {
  await tx
    .select({ id: contract.id })
    .from(contract)
    .where(inArray(contract.id, [...new Set(ids)]))
    .orderBy(asc(contract.id))
    .for('update')
  return ids.map(() => undefined)
})
