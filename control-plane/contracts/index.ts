/** The verbs of contracts: open an account with what it needs to be billed, and say under which contract it buys. */
import { createAccount, createLegalEntity, getAccount } from '../accounts/index.ts'
import type { Account, LegalEntity, NewLegalEntity } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { assert, Problem } from '../base/problem.ts'
import { fromIso, type Instant, type Interval, iso, monthOf } from '../base/time.ts'
import { createDefaultBook, getBook } from '../catalog/index.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Contract, ContractInForce, OpenAccount } from './contract.ts'
import {
  anyContract,
  contractAt,
  type ContractRow,
  contractsOf,
  contractsWithin,
  insertContract,
  lockContract,
  type ServiceRow,
  servicesOf,
} from './store.ts'

export type { ContractInForce } from './contract.ts'
export { booksUnder, type HeldBook } from './books/index.ts'
export { serviceHistory, servicesIn, servicesSince } from './services/facts.ts'
export { attach, cancel, change, listServices, subscribe, unattachedOf } from './services/index.ts'

/** An account with its contract, at the standard prices of its legal entity in one currency, and one pay-as-you-go service. */
export async function openAccount(ctx: Context, { contract_from, currency, ...input }: OpenAccount): Promise<Account> {
  permit(ctx, 'accounts.open')
  const from = contract_from === undefined ? null : beginning(ctx, fromIso(contract_from))
  const account = await createAccount(ctx, input)
  await conclude(ctx, account, { from, currency })
  return account
}

/** Another company that sells, with its standard price book. */
export async function openLegalEntity(ctx: Context, input: NewLegalEntity): Promise<LegalEntity> {
  permit(ctx, 'legal_entities.write')
  const entity = await createLegalEntity(ctx, input)
  await createDefaultBook(ctx, entity.id)
  return entity
}

const PAST_MS_MAX = 10 * 366 * 86_400_000
/** Who moves here from another system has sold for a while already. */
function beginning(ctx: Context, from: Instant): Instant {
  if (from <= ctx.now() && from >= ctx.now() - PAST_MS_MAX) return from
  throw new Problem('invalid', 'A contract begins today or in the past ten years.', [
    { pointer: '/contract_from', detail: 'must lie at most ten years ago and not ahead' },
  ])
}

/** The contract of the account that set-up made; done once, whoever calls it again. */
export async function setUpContract(ctx: Context, account_id: string): Promise<void> {
  permit(ctx, 'accounts.write')
  const account = await getAccount(ctx, account_id)
  // Takes the lock under which default books are made: two processes that start at once conclude one contract.
  await createDefaultBook(ctx, account.legal_entity_id)
  if (!(await anyContract(ctx.tx, account_id))) await conclude(ctx, account)
}

/** The contract under which an account buys at an instant (default: now); null where there is none. */
export async function contractOf(ctx: Context, account_id: string, at?: Instant): Promise<ContractInForce | null> {
  permit(ctx, 'accounts.read')
  const row = await contractAt(ctx, account_id, at ?? ctx.now())
  if (!row) return null
  return inForce(row, row.services[0])
}

function inForce(
  { id, legal_entity_id, account_id, price_book_id, currency, valid_from, valid_to }: ContractRow,
  service: ServiceRow | undefined,
): ContractInForce {
  assert(service, 'every contract has a service')
  const terms = { id, legal_entity_id, account_id, price_book_id, currency }
  return { ...terms, from: valid_from, to: valid_to, service_id: service.id }
}

/** The contracts under some price books that hold in a part of an interval, by account. */
export async function contractsUnder(
  ctx: Context,
  price_book_ids: readonly string[],
  interval: Interval,
): Promise<ContractInForce[]> {
  permit(ctx, 'accounts.read')
  if (price_book_ids.length === 0) return []
  const found = await contractsWithin(ctx.tx, price_book_ids, interval)
  const services = new Map<string, ServiceRow>()
  // the oldest of each comes last
  for (const service of (
    await servicesOf(
      ctx.tx,
      found.map(({ id }) => id),
    )
  ).toReversed())
    services.set(service.contract_id, service)
  return found.map((row) => inForce(row, services.get(row.id)))
}

/** Documents of one contract are made one after the other: the contract is held until the transaction ends. */
export async function holdContract(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'billing.write')
  await lockContract(ctx, id)
}

/** Contracts of an account with their services, the oldest first. */
export async function listContracts(ctx: Context, account_id: string): Promise<Contract[]> {
  permit(ctx, 'accounts.read')
  await getAccount(ctx, account_id)
  const found = await contractsOf(ctx, account_id)
  const services = await servicesOf(
    ctx.tx,
    found.map((row) => row.id),
  )
  return found.map((row) =>
    toContract(
      row,
      services.filter((service) => service.contract_id === row.id),
    ),
  )
}

/** Unless told otherwise from the start of the account's month, so that its first bill covers a whole calendar month. */
async function conclude(
  ctx: Context,
  account: Account,
  asked: { from?: Instant | null; currency?: string | undefined } = {},
): Promise<void> {
  const price_book_id = await createDefaultBook(ctx, account.legal_entity_id, asked.currency)
  const { currency } = await getBook(ctx, price_book_id)
  const valid_from = asked.from ?? monthOf(fromIso(account.created_at), account.zone).from
  const held = { account_id: account.id, valid_from, valid_to: null }
  const terms = { legal_entity_id: account.legal_entity_id, price_book_id, side: 'sale' as const, currency }
  const row: ContractRow = { id: newId(), ...terms, ...held }
  const service: ServiceRow = {
    id: newId(),
    contract_id: row.id,
    kind: 'pay_as_you_go',
    name: 'Pay as you go',
    parent_id: null,
    ...held,
  }
  await insertContract(ctx.tx, row, [service])
  await append(ctx, {
    type: 'contract.concluded',
    subject: { kind: 'contract', id: row.id },
    account_id: account.id,
    after: toContract(row, [service]),
  })
}

const span = ({ valid_from, valid_to }: Pick<ContractRow, 'valid_from' | 'valid_to'>) => ({
  from: iso(valid_from),
  to: valid_to === null ? null : iso(valid_to),
})

function toContract(row: ContractRow, services: ServiceRow[]): Contract {
  const { id, legal_entity_id, account_id, price_book_id, side, currency } = row
  return {
    id,
    legal_entity_id,
    account_id,
    price_book_id,
    side,
    currency,
    ...span(row),
    services: services.map((service) => ({
      id: service.id,
      kind: 'pay_as_you_go',
      name: service.name,
      ...span(service),
    })),
  }
}
