/** What rating, billing and the verifier read of services: what was subscribed, and what fulfilled it, as known to a cut. */
import { permit } from '../../base/actor.ts'
import type { Instant, Interval } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import { together } from '../../db/together.ts'
import type { Attachment, ServiceTerms } from '../contract.ts'
import { earliest, resourcesOf, type ResourceRow, type VersionRow, versionsOf } from './store.ts'

const termsOf = ({ valid_from: from, valid_to: to, ...row }: VersionRow): ServiceTerms => ({
  id: row.id,
  service_id: row.service_id,
  account_id: row.account_id,
  plan_id: row.plan_id,
  quantity: row.quantity,
  prices_as_of: row.prices_as_of,
  trial_until: row.trial_until,
  anchored_at: row.anchored_at,
  from,
  to,
})
const attachmentOf = ({ id, service_id, resource_id, valid_from: from, valid_to: to }: ResourceRow): Attachment => ({
  id,
  service_id,
  resource_id,
  from,
  to,
})

export interface Services {
  /** oldest first; those of one service don't overlap */
  versions: ServiceTerms[]
  attachments: Attachment[]
}

/** The services that an account has at some time in an interval, with all of their versions. */
export async function servicesIn(ctx: Context, account_id: string, within: Interval, cut: number): Promise<Services> {
  permit(ctx, 'accounts.read')
  return servicesOfEach(ctx, { from: within.from, to: within.to, cut }, account_id)
}
type Known = Interval & { cut: number }
const servicesOfEach = together(async ({ tx }, { cut, ...within }: Known, account_ids: readonly string[]) => {
  const found = await versionsOf(tx, { account_ids, within, cut })
  const which = { service_ids: [...new Set(found.map((one) => one.service_id))], cut }
  if (found.length === 0) return account_ids.map((): Services => ({ versions: [], attachments: [] }))
  const versions = Map.groupBy(await versionsOf(tx, which), (row) => row.account_id)
  const resources = Map.groupBy(await resourcesOf(tx, which), (row) => row.account_id)
  return account_ids.map((id) => ({
    versions: (versions.get(id) ?? []).map(termsOf),
    attachments: (resources.get(id) ?? []).map(attachmentOf),
  }))
})

/** All that was decided of some services, as known to a cut. */
export async function serviceHistory(ctx: Context, service_ids: readonly string[], cut: number): Promise<Services> {
  permit(ctx, 'accounts.read')
  if (service_ids.length === 0) return { versions: [], attachments: [] }
  return {
    versions: (await versionsOf(ctx.tx, { service_ids, cut })).map(termsOf),
    attachments: (await resourcesOf(ctx.tx, { service_ids, cut })).map(attachmentOf),
  }
}

/** Since when an account has had a service, as known to a cut; null where it never had. */
export async function servicesSince(ctx: Context, account_id: string, cut: number): Promise<Instant | null> {
  permit(ctx, 'accounts.read')
  return earliest(ctx, cut, account_id)
}
