/** Differences as the API shows them, with both sides; and how they are chosen and put in order. Pure. */
import { fromMinor } from '../base/money.ts'
import { compare, type Fraction, parseDecimal, ZERO } from '../base/exact.ts'
import { iso } from '../base/time.ts'
import type { Instant } from '../base/time.ts'
import type { Discrepancy, DiscrepancyFilter, Side } from './contract.ts'
import type { Facts, ServiceFact } from './facts.ts'
import type { Found } from './rules.ts'

export interface Names {
  accounts: ReadonlyMap<string, string>
  hosts: ReadonlyMap<string, string>
}
const textOf = (at: Instant | null): string | null => (at === null ? null : iso(at))

export function present(
  found: Found,
  per_month: Discrepancy['per_month'],
  facts: Pick<Facts, 'scopes' | 'sources'>,
  names: Names,
): Discrepancy {
  const { kind, machine, services, account_id, since } = found
  const [service] = services
  const isOfService = service !== undefined && (kind === 'ghost' || (kind === 'gone' && services.length > 0))
  const source = facts.sources.get(facts.scopes.get(machine?.scope_id ?? '')?.source_id ?? '')
  return {
    id: `${kind}:${isOfService ? service.id : (machine?.id ?? '')}`,
    kind,
    resource: machine && { id: machine.id, kind: machine.kind, name: machine.name, realm: machine.realm },
    service: isOfService ? { id: service.id, plan: service.plan } : null,
    account: accountOf(account_id, names),
    source: source ? { id: source.id, connector: source.connector, realm: source.realm } : null,
    since: textOf(since),
    per_month,
    seen: seenSide(found, names),
    sold: soldSide(found, names),
  }
}

const accountOf = (id: string | null, { accounts }: Names) =>
  id === null ? null : { id, name: accounts.get(id) ?? '' }
const hostOf = (id: string | null | undefined, { hosts }: Names) =>
  id === null || id === undefined ? null : { id, name: hosts.get(id) ?? '' }
const servicesOf = (services: readonly ServiceFact[]): NonNullable<Side['services']> =>
  services.map(({ id, account_id, plan, since, until, suspension }) => ({
    id,
    account_id,
    plan,
    since: iso(since),
    until: textOf(until),
    suspension: suspension && { from: iso(suspension.from), reason: suspension.reason },
  }))

function seenSide({ kind, machine, ended_at, meters }: Found, names: Names): Side {
  if (!machine) return {}
  const { state, size, realm, host_id } = machine
  return {
    ...(kind === 'gone' ? {} : { state }),
    realm,
    host: hostOf(host_id, names),
    size,
    ...(kind === 'gone' && ended_at !== undefined && { ended_at: iso(ended_at) }),
    ...(meters && { meters: [...meters] }),
  }
}

function soldSide(
  { kind, machine, services, account_id, other_account_id, promised, ended_at }: Found,
  names: Names,
): Side {
  const owner = kind === 'owner' ? (other_account_id ?? null) : account_id
  return {
    account: accountOf(owner, names),
    ...(services.length > 0 && { services: servicesOf(services) }),
    ...(promised?.size && { size: promised.size }),
    ...(promised?.realm !== undefined && { realm: promised.realm }),
    ...(promised?.host_id !== undefined && { host: hostOf(promised.host_id, names) }),
    ...(kind === 'ended_service' && machine && ended_at !== undefined && { ended_at: iso(ended_at) }),
  }
}

export const chosen = (all: readonly Discrepancy[], { kind, account_id, realm, source_id }: DiscrepancyFilter) =>
  all.filter(
    (one) =>
      (kind === undefined || one.kind === kind) &&
      (account_id === undefined || (account_id === 'none' ? one.account === null : one.account?.id === account_id)) &&
      (realm === undefined || one.resource?.realm === realm) &&
      (source_id === undefined || one.source?.id === source_id),
  )

const PLACES = 12
const exact = ({ per_month }: Discrepancy): Fraction =>
  per_month === null ? fromMinor(0n, 'EUR') : (parseDecimal(per_month.amount, PLACES) ?? ZERO)
const text = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
/** Money of different currencies can't be compared: they stand one after the other, what has no amount last. */
function byMoney(a: Discrepancy, b: Discrepancy, factor: 1 | -1): number {
  if (a.per_month === null) return b.per_month === null ? 0 : 1
  if (b.per_month === null) return -1
  return text(a.per_month.currency, b.per_month.currency) || factor * compare(exact(a), exact(b))
}
const nameOf = ({ resource, service }: Discrepancy): string => (resource?.name ?? service?.plan.en ?? '').toLowerCase()

export function inOrder(all: readonly Discrepancy[], { sort, order }: DiscrepancyFilter): Discrepancy[] {
  const factor = order === 'asc' ? 1 : -1
  const by: Record<DiscrepancyFilter['sort'], (a: Discrepancy, b: Discrepancy) => number> = {
    money: (a, b) => byMoney(a, b, factor),
    since: (a, b) => factor * text(a.since ?? '', b.since ?? ''),
    name: (a, b) => factor * text(nameOf(a), nameOf(b)),
    kind: (a, b) => factor * text(a.kind, b.kind),
  }
  return all.toSorted((a, b) => by[sort](a, b) || text(a.id, b.id))
}
