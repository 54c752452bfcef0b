/** How a source does: its state as a word with a colour, its age that grows by itself, its failure with the remedy; and pausing it. */
import { useQueryClient } from '@tanstack/solid-query'
import { createMemo, Show } from 'solid-js'
import { api, type Source } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Status, type Tone } from '../kit/badge.tsx'
import { createNow } from '../kit/clock.ts'
import { tell } from '../kit/toast.tsx'
import { asApiError } from '../problem.ts'
import { failureText } from './notice-text.ts'
import { lineOf } from './problem-text.ts'

const TONES: Record<Source['state'], Tone> = {
  ok: 'ok',
  failing: 'bad',
  paused: 'idle',
  silent: 'warn',
  waiting: 'idle',
}
export const sourceName = (source: Pick<Source, 'connector' | 'realm'>) => `${source.connector} · ${source.realm}`

export const SourceState = (props: { state: Source['state'] }) => (
  <Status tone={TONES[props.state]}>{t(`sources.${props.state}`)}</Status>
)

/** Pauses or resumes, and says so. */
export function createPause() {
  const client = useQueryClient()
  return async (source: Pick<Source, 'id' | 'connector' | 'realm'>, paused: boolean) => {
    try {
      await api.changeSource(source.id, { paused })
      const name = sourceName(source)
      tell(t(paused ? 'sources.paused_done' : 'sources.resumed_done', { name }), 'ok', t('common.close'))
    } catch (error) {
      tell(lineOf(asApiError(error)), 'bad', t('common.close'))
    }
    for (const key of ['sources', 'audit']) await client.invalidateQueries({ queryKey: [key] })
  }
}

/** The age grows by itself between two answers of the server. */
export function Lag(props: { lag_ms: number | null }) {
  const now = createNow()
  const base = createMemo(() => ({ lag_ms: props.lag_ms, at: Date.now() }))
  const age = () => {
    const { lag_ms, at } = base()
    return lag_ms === null ? null : lag_ms + Math.max(0, now() - at)
  }
  return (
    <Show when={age() !== null} fallback="–">
      {t('sources.old', { age: say.duration(age() ?? 0, 1) })}
    </Show>
  )
}

export const SourceError = (props: { error: NonNullable<Source['error']> }) => (
  <div class="rounded-lg border border-bad-mark/40 bg-bad-soft px-3.5 py-2.5 text-[0.8125rem] break-words">
    <p class="m-0">
      <span class="font-medium text-bad">{failureText(props.error).message}</span>{' '}
      <span class="text-muted">{t('sources.failing_since', { at: say.instant(props.error.since) })}</span>
    </p>
    <p class="m-0 mt-0.5">
      <span class="font-medium">{t('sources.what_to_do')}:</span> {failureText(props.error).remedy}
    </p>
  </div>
)
