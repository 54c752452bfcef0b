/** What really happened in a simulated fleet, and what could be seen of it: all that the oracle is told. */
import type { Kind, SizeName, State } from '#connectors/contract.ts'
import type { GapPolicy } from '#control-plane/metering/contract.ts'

/** Milliseconds since 1970 in true time, which is the control plane's. */
export type Instant = number
export interface Span {
  from: Instant
  /** exclusive; null: it goes on */
  to: Instant | null
}

/** Identity within a realm, as text: `realm|kind|external_id|incarnation`. */
export type MachineKey = string

/** A stretch in which nothing about the machine changed, physically. */
export interface Stretch extends Span {
  /** external id of the host whose listings show it; the scope */
  host: string
  state: State
  size: Partial<Record<SizeName, number>>
}
export interface Machine {
  key: MachineKey
  realm: string
  kind: Kind
  external_id: string
  incarnation: string
  name: string
  /** proof by which another eye recognises it; two machines with one proof are one */
  smbios_uuid: string | null
  /** in order, without overlap; a pause between two stretches is a time in which it didn't exist */
  life: Stretch[]
  /** true flow of each counter (`metric/device`): whole base units each second, in order */
  flows: Record<string, readonly (Span & { per_second: number })[]>
}

/** When the control plane had a fact durably; null: it never came (lost before it was sent, or still on its way at the end). */
interface Arriving {
  stored_at: Instant | null
}

/** A listing of a scope: what it showed follows from the machines at `at`. */
export interface Look extends Arriving {
  source: string
  realm: string
  host: string
  /** true instant */
  at: Instant
  /** the instant that the control plane must take it for: the source's clock with the offset that the agent sent */
  seen_at: Instant
  interval_ms: number
  complete: boolean
  /** what an incomplete listing left out */
  omitted: readonly MachineKey[]
}

/** An event of the vendor: from `seen_at` on the scope shows the machine so (or no more). */
export interface Telling extends Arriving {
  source: string
  host: string
  at: Instant
  seen_at: Instant
  machine: MachineKey
  /** what it says of the machine; null: it isn't in the scope any more */
  content: { state: State; size: Stretch['size'] } | null
}

/** One reading of a machine's counters. */
export interface Tick extends Arriving {
  source: string
  machine: MachineKey
  at: Instant
  seen_at: Instant
  interval_ms: number
  epoch: string
  /** corrected instant at which the counters were zero; null where the source can't know */
  origin: Instant | null
  wrap_bits: 32 | 64 | null
  /** raw counter values, after any wrap */
  counters: Record<string, bigint>
}

/** The agent's admission that facts of [from, to) were lost. */
export interface Loss extends Arriving {
  source: string
  from: Instant
  to: Instant
  cause: 'spool_overflow' | 'spool_damaged' | 'agent_down' | 'source_down'
}

export interface AcceptedGap {
  machine: MachineKey
  meter: string
  from: Instant
  to: Instant
}

/** What people did, in the order in which they did it; `at` is when it was recorded. */
export type Decision = { at: Instant } & (
  | {
      type: 'price'
      kind: Kind
      meter: string
      model: 'flat' | 'per_unit'
      per: 'hour' | 'month' | 'quantity'
      unit: string
      /** decimal text */
      amount: string
      effective_at: Instant
      /** absent: `infer` for what is held, `total` for what is consumed */
      gap_policy?: GapPolicy
      /** a recorded correction of the past */
      correction: boolean
      reason: string
    }
  | { type: 'transfer'; machine: MachineKey; account: string; effective_at: Instant; reason: string }
  /** issues the next invoice of the account: from the end of the last one (at first: `contract_from`) up to `as_of`, at most to the end of that month; refused where a gap holds it back */
  | { type: 'finalise'; account: string; as_of: Instant }
  /** lets the account's next invoice go out with these gaps */
  | { type: 'accept'; account: string; gaps: readonly AcceptedGap[] }
)

export interface Account {
  key: string
  /** IANA zone: its months are the billing periods */
  zone: string
  contract_from: Instant
}

export interface Source {
  id: string
  realm: string
  /** who owns what this source finds first, from the beginning of time */
  account: string | null
}

export interface Truth {
  seed: number
  days: number
  start: Instant
  /** now, when all that could arrive has arrived */
  end: Instant
  currency: string
  tax_rate: string
  accounts: readonly Account[]
  sources: readonly Source[]
  machines: readonly Machine[]
  looks: readonly Look[]
  tellings: readonly Telling[]
  ticks: readonly Tick[]
  losses: readonly Loss[]
  decisions: readonly Decision[]
}
