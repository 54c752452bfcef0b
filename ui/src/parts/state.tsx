/** The state of a resource: a dot and a word. */
import type { State } from '../api.ts'
import { t } from '../i18n/language.ts'
import { STATE_TONES } from '../i18n/words.ts'
import { Status } from '../kit/badge.tsx'

export const ResourceState = (props: { state: State; ended?: boolean }) => (
  <Status tone={props.ended ? 'idle' : STATE_TONES[props.state]}>
    {props.ended ? t('resources.ended') : t(`state.${props.state}`)}
  </Status>
)
