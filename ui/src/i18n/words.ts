/** Lists of the words that filters and forms offer; their texts are in the dictionaries. */
import type { Kind, MeterName, State } from '../api.ts'
import type { Tone } from '../kit/badge.tsx'
import { en } from './en.ts'

export const KINDS = Object.keys(en.kind) as Kind[]
export const TAX_CLASSES = ['standard', 'reduced', 'zero', 'exempt', 'outside'] as const
export const METERS = Object.keys(en.meter) as MeterName[]
export const STATES = Object.keys(en.state) as State[]

export const STATE_TONES: Record<State, Tone> = {
  running: 'ok',
  paused: 'warn',
  stopped: 'idle',
  failed: 'bad',
  unknown: 'idle',
}
