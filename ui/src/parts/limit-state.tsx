/** How near to a limit something is: a badge where it isn't just normal. */
import { Show } from 'solid-js'
import type { Resource } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Badge, type Tone } from '../kit/badge.tsx'

export type LimitState = Resource['usage_state']
const TONES: Record<LimitState, Tone> = { normal: 'ok', approaching: 'warn', over: 'bad' }

export const LimitBadge = (props: { state: LimitState }) => (
  <Badge tone={TONES[props.state]} title={t(`limits.state_text.${props.state}`)}>
    {t(`limits.state.${props.state}`)}
  </Badge>
)
/** In lists only what someone should look at. */
export const LimitWarning = (props: { state: LimitState }) => (
  <Show when={props.state !== 'normal'}>
    <LimitBadge state={props.state} />
  </Show>
)
