/** Nova's statuses → what a server is doing. Pure. */
import type { State } from '#connectors/contract.ts'

const STATES: Readonly<Record<string, State>> = {
  ACTIVE: 'running',
  REBOOT: 'running',
  HARD_REBOOT: 'running',
  PASSWORD: 'running',
  BUILD: 'stopped',
  SHUTOFF: 'stopped',
  // its memory was written to disk
  SUSPENDED: 'stopped',
  PAUSED: 'paused',
  SHELVED: 'stopped',
  SHELVED_OFFLOADED: 'stopped',
  SOFT_DELETED: 'stopped',
  ERROR: 'failed',
}
/** On the way from one to another the hypervisor knows: RESIZE may be of a server that was off. */
const POWER: Readonly<Record<number, State>> = { 1: 'running', 3: 'paused', 4: 'stopped', 6: 'failed', 7: 'stopped' }
const ON_THE_WAY: Readonly<Record<string, State>> = {
  MIGRATING: 'running',
  RESCUE: 'running',
  VERIFY_RESIZE: 'running',
  RESIZE: 'stopped',
  REVERT_RESIZE: 'stopped',
  REBUILD: 'stopped',
}
/** Those that last, and that the state alone doesn't tell; the others pass, and each would make a version. */
const TELLING = new Set([
  'SUSPENDED',
  'SHELVED',
  'SHELVED_OFFLOADED',
  'SOFT_DELETED',
  'RESCUE',
  'VERIFY_RESIZE',
  'ERROR',
])

/** `status` in small letters where it says more than the state. */
export function stateOf(status: string, power: number | null | undefined): { state: State; status?: string } {
  const own = Object.hasOwn(STATES, status) ? STATES[status] : undefined
  const passing = Object.hasOwn(ON_THE_WAY, status) ? ON_THE_WAY[status] : undefined
  const by_power = power === null || power === undefined ? undefined : POWER[power]
  const state = own ?? (passing ? (by_power ?? passing) : 'unknown')
  return TELLING.has(status) ? { state, status: status.toLowerCase() } : { state }
}
