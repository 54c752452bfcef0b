/** Says whether what is shown is live, and how old it is when it isn't. */
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { createNow } from '../kit/clock.ts'
import { heardAt, liveState } from '../live.ts'

const MARKS = { live: 'bg-ok-mark', connecting: 'bg-idle-mark', reconnecting: 'bg-warn-mark animate-pulse' } as const

export function LiveMark() {
  const now = createNow()
  const age = () => say.duration(Math.max(0, now() - heardAt()))
  const tip = () => {
    if (liveState() === 'live') return t('live.tip_live')
    return liveState() === 'connecting' ? t('live.connecting') : t('live.tip_lost', { at: say.clock(heardAt()) })
  }
  return (
    <span class="inline-flex items-center gap-2 text-[0.8125rem] text-muted" data-live={liveState()} title={tip()}>
      <span aria-hidden="true" class={`size-2 rounded-full ${MARKS[liveState()]}`} />
      <span role="status">{t(`live.${liveState()}`)}</span>
      <Show when={liveState() === 'reconnecting'}>
        <span class="tabular">{t('live.old', { age: age() })}</span>
      </Show>
    </span>
  )
}
