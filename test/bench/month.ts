/** A month of machines as the intake would have left it: filled set by set in SQL, the same for the same numbers. */
import type postgres from 'postgres'
import { HOUR_MS, type Interval, iso } from '#control-plane/base/time.ts'
import { DAY_MS, type Installed, MACHINES_EACH, PRICE_CHANGE_HOUR, TRAFFIC_HOURS } from './month-plan.ts'

/** Machines lie in clusters of so many accounts. */
const ACCOUNTS_A_CLUSTER = 10

/**
 * Machine `n`, counted from 0, is resized, stopped and started again on another host; `month-truth.ts` says the same in its own words.
 * Moments are whole seconds after the beginning of the month.
 */
const MACHINES = `
  create temp table machine as
  select n, uuidv7() as id, (n / ${MACHINES_EACH})::int as account, (n / ${MACHINES_EACH * ACCOUNTS_A_CLUSTER})::int as cluster,
    t1, t2, t2 + 3600 + n * 1299709 % 259200 as t3,
    1 + n % 8 as vcpu, (1 + n % 16) * 1073741824 as memory, (10 + n % 490) * 1000000000 as disk
  from (select n, t1, t1 + 144000 + n * 104729 % 216000 as t2
        from (select n, 86400 + n * 7919 % 345600 as t1 from generate_series(0::int8, $1::int8 - 1) as n) begun) stopped`

const RESOURCES = `
  insert into resource (id, realm, kind, external_id, incarnation, created_at, source_id, name, state, size, host_id, scope_id, attributes,
    evidence, first_seen_at, conflict, account_id, search)
  select m.id, 'bench', 'vm', 'vm-' || m.n, '', $1::timestamptz - interval '2 days', $2::uuid, 'vm-' || m.n, 'running', '{}', null, c.id, '{}', '{}',
    $1::timestamptz - interval '2 days', false, a.id, 'vm-' || m.n
  from machine m join cluster c on c.n = m.cluster join account_of a on a.n = m.account`

const VERSIONS = `
  insert into observed_version (id, resource_id, valid_from, valid_to, from_exact, to_exact, not_before, content, scope_id, host_id, conflict, cut_from, stored_at)
  select uuidv7(), m.id, $1::timestamptz + make_interval(secs => v.begins), $1::timestamptz + make_interval(secs => v.ends), true, true, null,
    jsonb_build_object('name', 'vm-' || m.n, 'state', v.state, 'size', jsonb_build_object('vcpu_count', v.vcpu, 'memory_bytes', v.memory, 'disk_bytes', v.disk),
      'host', 'host-' || v.host, 'evidence', jsonb_build_object('macs', jsonb_build_array('52:54:00:' || m.n)), 'attributes', '{}'::jsonb),
    c.id, null, false, $2::int, $1::timestamptz
  from machine m join cluster c on c.n = m.cluster cross join lateral (values
    (-172800, t1, 'running', vcpu, memory, disk, 1),
    (t1, t2, 'running', vcpu + 1 + m.n % 3, memory * 2, disk + 10000000000, 1),
    (t2, t3, 'stopped', vcpu + 1 + m.n % 3, memory * 2, disk + 10000000000, 1),
    (t3, null, 'running', vcpu + 1 + m.n % 3, memory * 2, disk + 10000000000, 2)) as v(begins, ends, state, vcpu, memory, disk, host)`

const SIGHTINGS = `
  insert into sighting (resource_id, scope_id, seen_at, exact, position, change, content, source_id, cut, stored_at)
  select resource_id, scope_id, valid_from, true, 0, 'changed', content, $1::uuid, $2::int, stored_at from observed_version`

const ASSIGNMENTS = `
  insert into assignment (id, resource_id, account_id, valid_from, valid_to, actor, reason, recorded_at, cut_from)
  select uuidv7(), m.id, a.id, null, null, 'bench', '', $1::timestamptz, $2::int from machine m join account_of a on a.n = m.account`

/** Traffic of some hours in a row, with the readings at the ends of each as metering keeps them. */
const USAGE = `
  insert into usage_hour (id, resource_id, meter, hour, quantity, estimated, gaps, bounds, reading_count, digest, cut_from, stored_at)
  select uuidv7(), m.id, 'network_transmit_bytes', at, 1000000007 + (m.n * 31 + k * 7919) % 900000000, false, '[]',
    jsonb_build_array(jsonb_build_object('device', 'eth0', 'epoch', 'boot', 'first', reading(at, 1), 'last', reading(at + interval '59 minutes', 60))),
    60, 'chain:' || encode(sha256(convert_to(m.n || '/' || k, 'UTF8')), 'hex'), $2::int, at + interval '1 hour'
  from machine m cross join generate_series(0, ${TRAFFIC_HOURS - 1}) as k
    cross join lateral (select $1::timestamptz + make_interval(hours => (300 + m.n % 200 + k)::int) as at) as hour`
const READING = `
  create function pg_temp.reading(at timestamptz, sequence int) returns jsonb immutable language sql return
    jsonb_build_object('at_ms', (extract(epoch from at) * 1000)::int8, 'value', '12345678901234', 'spool', '00000000-0000-7000-8000-000000000000', 'sequence', sequence)`

const JUDGED = `
  insert into usage_status (resource_id, meter, hour, usage_id, status, account_id, judged_at)
  select u.resource_id, u.meter, u.hour, u.id, 'rated', r.account_id, now() from usage_hour u join resource r on r.id = u.resource_id`

const CLUSTERS = `
  create temp table cluster as select n, uuidv7() as id from generate_series(0, (select max(cluster) from machine)) as n`
const SCOPES = `insert into scope (id, realm, kind, external_id) select id, 'bench', 'cluster', 'cluster-' || n from cluster`
/** Each cluster was listed all the time, and is still: once a day, as if it were promised so. */
const LISTED = `
  insert into snapshot (scope_id, seen_at, source_id, digest, complete, interval_ms, in_force, cut, stored_at)
  select c.id, at, $1::uuid, 'bench', true, ${DAY_MS}, true, $2::int, at
  from cluster c cross join generate_series($3::timestamptz, $4::timestamptz + interval '1 day', interval '1 day') as at`

/** Fills the tables in one transaction, and has PostgreSQL look at them as its own housekeeping would. */
export async function fillMonth(
  sql: postgres.Sql,
  { source_id, accounts, month }: Installed & { source_id: string },
): Promise<void> {
  const [from, to] = [iso(month.from), iso(month.to)]
  await sql.begin(async (tx) => {
    const [open] = await tx`select number from cut where closed_at is null`
    const cut = Number(open?.number)
    const run = (statement: string, ...values: (string | number)[]) => tx.unsafe(statement, values)
    await run(
      `create temp table account_of as select n - 1 as n, id from unnest('{${accounts.join()}}'::uuid[]) with ordinality as a(id, n)`,
    )
    await run(MACHINES, accounts.length * MACHINES_EACH)
    await run(CLUSTERS)
    await run(READING)
    await run(SCOPES)
    await run(LISTED, source_id, cut, from, to)
    await run(RESOURCES, from, source_id)
    await run(VERSIONS, from, cut)
    await run(SIGHTINGS, source_id, cut)
    await run(ASSIGNMENTS, from, cut)
    await run(USAGE.replaceAll('reading(', 'pg_temp.reading('), from, cut)
    await run(JUDGED)
  })
  await sql`vacuum analyze`
}

/** What the month costs: processors change their price within it. */
export const pricesOf = (month: Interval): readonly object[] => {
  const past = { correction: true, reason: 'the prices of the bench' }
  const from = iso(month.from)
  const vcpu = { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', ...past }
  return [
    { ...vcpu, amount: '0.012', effective_at: from },
    { ...vcpu, amount: '0.0135', effective_at: iso(month.from + PRICE_CHANGE_HOUR * HOUR_MS) },
    {
      kind: 'vm',
      meter: 'memory',
      model: 'per_unit',
      per: 'month',
      unit: 'GiB',
      amount: '3.65',
      effective_at: from,
      ...past,
    },
    {
      kind: 'vm',
      meter: 'disk',
      model: 'per_unit',
      per: 'month',
      unit: 'GB',
      amount: '0.089',
      effective_at: from,
      ...past,
    },
    {
      kind: 'vm',
      meter: 'network_transmit_bytes',
      model: 'per_unit',
      per: 'quantity',
      unit: 'GB',
      amount: '0.0117',
      terms: { included: '20' },
      effective_at: from,
      ...past,
    },
  ]
}
