/** The other side of a connector, as the contract kit drives it: the vendor's real program, or a double that answers and refuses as it does. */
import type { Connector, Kind } from '#connectors/contract.ts'

/** What may go wrong at a vendor; `calm` ends it. */
export const TROUBLES = [
  /** a listing lacks a part, and says so or fails: a node is offline, a page errs */
  'incomplete',
  /** something is born and something dies while pages are read */
  'changes_between_pages',
  /** too many requests: refused for a while, with or without Retry-After */
  'rate_limited',
  /** no answer comes */
  'hangs',
  /** the credential is not valid any more */
  'expired_credential',
  /** TLS by an authority that the settings don't trust */
  'untrusted_tls',
  /** the credential may not read a part */
  'missing_right',
  /** answers aren't what the vendor documents: cut off, of another type, HTML of a proxy */
  'garbled',
] as const
export type Trouble = (typeof TROUBLES)[number]

/** Verbs on what a customer has there, by the vendor's id. */
export interface Rig {
  connector: Connector
  realm: string
  /** of what the verbs make */
  kind: Kind
  /** a counter that `use` grows by exactly so much, as the connector reports it; null: the vendor has none */
  counter: string | null
  settings(): Record<string, unknown>
  /** makes one and answers its external id */
  add(name: string): Promise<string>
  /** who buys it, in the vendor's way: a tag, a label, a user; null where the vendor knows no such thing */
  label(external_id: string, customer: string): Promise<void>
  remove(external_id: string): Promise<void>
  /** another one under the external id of one that is gone */
  reuse(external_id: string): Promise<void>
  use(external_id: string, amount: bigint): Promise<void>
  /** its counters begin anew, as after a restart */
  reset(external_id: string): Promise<void>
  trouble(kind: Trouble): Promise<void>
  calm(): Promise<void>
  /** what this vendor can't do, and why: counted as skipped */
  cannot: Partial<Record<Trouble | 'label' | 'reuse' | 'reset' | 'use', string>>
  end(): Promise<void>
}
