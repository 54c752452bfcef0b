/** The SQL of contracts and the services under them. */
import { and, asc, desc, eq, gt, inArray, isNull, lte, or } from 'drizzle-orm'
import { sure } from '../base/problem.ts'
import type { Instant } from '../base/time.ts'
import { ofWholeAccounts, withinReach } from '../db/fence.ts'
import type { Context, Tx } from '../db/index.ts'
import { contract, service } from './schema.ts'

export type ContractRow = typeof contract.$inferSelect
export type ServiceRow = typeof service.$inferSelect

export async function insertContract(tx: Tx, row: ContractRow, services: ServiceRow[]): Promise<void> {
  await tx.insert(contract).values(row)
  await tx.insert(service).values(services)
}

const sold = eq(contract.side, 'sale')
const soldTo = (account_id: string) => and(eq(contract.account_id, account_id), sold)

/** The service under which all is bought that no plan covers. */
export async function payAsYouGoOf(tx: Tx, contract_id: string): Promise<ServiceRow> {
  const [row] = await tx
    .select()
    .from(service)
    .where(and(eq(service.contract_id, contract_id), eq(service.kind, 'pay_as_you_go')))
    .limit(1)
  return sure(row)
}

/** The contract under which an account buys at an instant. */
export async function contractAt(tx: Tx, account_id: string, at: Instant): Promise<ContractRow | null> {
  const [row] = await tx
    .select()
    .from(contract)
    .where(
      and(soldTo(account_id), lte(contract.valid_from, at), or(isNull(contract.valid_to), gt(contract.valid_to, at))),
    )
    .orderBy(desc(contract.valid_from))
    .limit(1)
  return row ?? null
}

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

/** Holds a contract until the transaction ends. */
export const lockContract = (tx: Tx, id: string) =>
  tx.select({ id: contract.id }).from(contract).where(eq(contract.id, id)).for('update')
