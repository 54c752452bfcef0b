/** Services as the API shows them: what holds now, what held, what is planned, and what fulfils them. */
import { sure } from '../../base/problem.ts'
import { billingPeriodOf, type Instant, iso } from '../../base/time.ts'
import type { Plan } from '../../catalog/contract.ts'
import { plansById } from '../../catalog/index.ts'
import type { Context } from '../../db/index.ts'
import type { Promised, Subscription } from '../contract.ts'
import { currentOf, stateOf } from './rules.ts'
import { namesOf, resourcesOf, type ResourceRow, type ServiceRow, type VersionRow, versionsOf } from './store.ts'

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
  return {
    id,
    account_id,
    parent_id,
    state: stateOf(versions, now),
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
