/** Services as the API shows them: what holds now, what held, what is planned, and what fulfils them. */
import { sure } from '../../base/problem.ts'
import { billingPeriodOf, type Instant, iso } from '../../base/time.ts'
import type { Plan } from '../../catalog/contract.ts'
import { plansById } from '../../catalog/index.ts'
import type { Context } from '../../db/index.ts'
import type { Promised, ServiceSuspension, Subscription } from '../contract.ts'
import { currentOf, holdsAt, stateOf } from './rules.ts'
import {
  namesOf,
  resourcesOf,
  type ResourceRow,
  type ServiceRow,
  type SuspensionRow,
  suspensionsOf,
  type VersionRow,
  versionsOf,
} from './store.ts'

const textOf = (at: Instant | null): string | null => (at === null ? null : iso(at))
const by = <T extends { service_id: string }>(list: readonly T[]) => Map.groupBy(list, (row) => row.service_id)

/** Services that ever held, in the order given; `zone` is that of their account. */
export async function present(ctx: Context, services: readonly ServiceRow[], zone: string): Promise<Subscription[]> {
  const service_ids = services.map(({ id }) => id)
  if (service_ids.length === 0) return []
  const versions = await versionsOf(ctx.tx, { service_ids })
  const resources = await resourcesOf(ctx.tx, { service_ids })
  const about = {
    versions: by(versions),
    resources: by(resources),
    // that it is suspended a tenant is told, who reads no more of it
    suspensions: by(await ctx.program(({ tx }) => suspensionsOf(tx, service_ids))),
    // what a plan is called is known to whoever has it
    plans: await ctx.program((program) =>
      plansById(
        program,
        versions.map(({ plan_id }) => plan_id),
      ),
    ),
    names: new Map(
      (
        await namesOf(
          ctx,
          resources.map((row) => row.resource_id),
        )
      ).map((row) => [row.id, row]),
    ),
    zone,
    now: ctx.now(),
    isStaff: ctx.actor.account_id === null,
  }
  return services.flatMap((row) => presentOne(row, about) ?? [])
}

interface About {
  versions: ReadonlyMap<string, VersionRow[]>
  resources: ReadonlyMap<string, ResourceRow[]>
  suspensions: ReadonlyMap<string, SuspensionRow[]>
  plans: ReadonlyMap<string, Plan>
  names: ReadonlyMap<string, Subscription['resources'][number]['resource']>
  zone: string
  now: Instant
  isStaff: boolean
}

/** Null of a service that was cancelled before it began. */
function presentOne({ id, account_id, parent_id }: ServiceRow, about: About): Subscription | null {
  const versions = about.versions.get(id) ?? []
  const current = currentOf(versions, about.now)
  const last = versions.at(-1)
  if (!current || !last) return null
  const { plans, names, zone, now } = about
  const plan = sure(plans.get(current.plan_id))
  const renews_at = billingPeriodOf(Math.max(now, current.valid_from), current.anchored_at, zone).to
  const state = stateOf(versions, now)
  const suspensions = about.suspensions.get(id) ?? []
  const isAhead = ({ valid_from, valid_to }: SuspensionRow) =>
    (valid_to === null || valid_to > now) && (last.valid_to === null || valid_from < last.valid_to)
  const suspension = state === 'cancelled' ? undefined : suspensions.find(isAhead)
  return {
    id,
    account_id,
    parent_id,
    state,
    plan: {
      id: plan.id,
      name: plan.name,
      product_kind: plan.product_kind,
      included_kinds: plan.included_kinds,
    },
    quantity: current.quantity,
    from: iso(sure(versions[0]).valid_from),
    to: textOf(last.valid_to),
    trial_until: textOf(current.trial_until),
    renews_at: last.valid_to !== null && last.valid_to <= renews_at ? null : iso(renews_at),
    currency: plan.currency,
    anchor: current.anchored_at === null ? 'calendar' : 'anniversary',
    versions: versions.map((row) => versionText(row, plans)),
    resources: (about.resources.get(id) ?? []).flatMap((row) => {
      const resource = names.get(row.resource_id)
      if (!resource) return []
      const promised = about.isStaff ? row.promised : sizeAlone(row.promised)
      return [{ id: row.id, resource, promised, from: iso(row.valid_from), to: textOf(row.valid_to) }]
    }),
    suspension: suspension ? suspensionText(suspension, about) : null,
    suspensions: suspensions.map((row) => suspensionText(row, about)),
  }
}

function suspensionText(row: SuspensionRow, { now, isStaff }: About): ServiceSuspension {
  const { end_actor: actor, end_reason: reason, end_recorded_at: recorded_at } = row
  const isEnded = actor !== null && reason !== null && recorded_at !== null
  return {
    id: row.id,
    state: holdsAt(row, now) ? 'in_force' : row.valid_from > now ? 'planned' : 'ended',
    from: iso(row.valid_from),
    to: textOf(row.valid_to),
    reason: isStaff ? row.reason : null,
    actor: isStaff ? row.actor : null,
    recorded_at: iso(row.recorded_at),
    end: isStaff && isEnded ? { actor, reason, recorded_at: iso(recorded_at) } : null,
  }
}

/** Where machines lie is a matter of those who look after them. */
const sizeAlone = (promised: Promised | null): Promised | null => (promised?.size ? { size: promised.size } : null)

function versionText(row: VersionRow, plans: About['plans']): Subscription['versions'][number] {
  const { id, name } = sure(plans.get(row.plan_id))
  return {
    id: row.id,
    plan: { id, name },
    quantity: row.quantity,
    prices_as_of: textOf(row.prices_as_of),
    from: iso(row.valid_from),
    to: textOf(row.valid_to),
    actor: row.actor,
    reason: row.reason,
    recorded_at: iso(row.recorded_at),
  }
}
