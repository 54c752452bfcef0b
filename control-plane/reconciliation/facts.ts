/** What reconciliation looks at: sources with how they are doing, machines as they were seen last, services with what was promised. */
import type { Kind, Size, State } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import type { PlanName, PromisedMachine } from '../catalog/contract.ts'
import type { Promised } from '../contracts/contract.ts'
import type { MeterName } from '../metering/contract.ts'
import type { SourceState } from '../sources/contract.ts'
import type { z } from 'zod'

export interface SourceFact {
  id: string
  connector: string
  realm: string
  state: z.infer<typeof SourceState> | 'deleted'
  /** its last fact, or else when it was made */
  heard_at: Instant
  /** it listed a scope whole in the last 30 days: what it sees lies in the scopes */
  lists: boolean
}
export interface ScopeFact {
  id: string
  realm: string
  /** that listed it last: whole, or at all where nobody did */
  source_id: string | null
  /** its last whole listing, of a source that does well before that of any other */
  listed_at: Instant | null
  /** its last listing, whole or not */
  heard_at: Instant | null
  interval_ms: number | null
}
export interface MachineFact {
  id: string
  kind: Kind
  name: string
  realm: string
  state: State
  size: Size
  host_id: string | null
  account_id: string | null
  /** the eye on the same machine that is billed */
  covered_by: string | null
  scope_id: string | null
  /** since when it is its owner's */
  owned_since: Instant | null
  /** since when nothing of it has changed */
  seen_since: Instant | null
  /** since when it has been running without a break, as far as a day back; null: it is not running */
  running_since: Instant | null
  first_seen_at: Instant
  ended_at: Instant | null
}
/** In force now. */
export interface ServiceFact {
  id: string
  account_id: string
  plan_id: string
  plan: PlanName
  price_book_id: string
  included_kinds: readonly Kind[]
  promised: PromisedMachine | null
  /** the prices of its plan cost nothing yet */
  on_trial: boolean
  since: Instant
  until: Instant | null
  /** when the last machine that it had was detached */
  detached_at: Instant | null
  /** that is in force now */
  suspension: { from: Instant; reason: string } | null
}
export interface AttachmentFact {
  service_id: string
  account_id: string
  resource_id: string
  promised: Promised | null
  since: Instant
}
/** A service that ended, and with it the last one that this machine fulfilled for its owner. */
export interface EndedFact {
  resource_id: string
  service_id: string
  plan: PlanName
  ended_at: Instant
  /** how many machines fulfilled it when it ended: each stands for its part of the fee */
  machines: number
}
/** Another eye on a machine saw it end, and covers it no more. */
export interface EndedEyeFact {
  resource_id: string
  eye_id: string
  scope_id: string | null
  realm: string
  ended_at: Instant
}

export interface Facts {
  now: Instant
  sources: ReadonlyMap<string, SourceFact>
  scopes: ReadonlyMap<string, ScopeFact>
  machines: ReadonlyMap<string, MachineFact>
  services: ReadonlyMap<string, ServiceFact>
  attachments: readonly AttachmentFact[]
  ended: ReadonlyMap<string, EndedFact>
  ended_eyes: readonly EndedEyeFact[]
  /** of all kinds that anybody sells */
  sold: ReadonlySet<string>
  /** the components (`kind.meter`) that an account is charged for beside its services; absent: it has no contract */
  priced: ReadonlyMap<string, ReadonlySet<string>>
  /** the same of the book of a plan */
  planned: ReadonlyMap<string, ReadonlySet<string>>
}

/** A counter that a machine is charged by, of which is asked whether it was read at all. */
export interface Counter {
  resource_id: string
  meter: MeterName
}
/** A counter that was not read in the window. */
export interface Silent {
  resource_id: string
  meter: MeterName
  /** its last reading; null: none is known */
  read_at: Instant | null
  /** that read it last */
  source_id: string | null
  /** what it counted in the 720 hours before, in base units */
  quantity: bigint
}
