/** Sources: how fresh their facts are, what fails, and what to do about it. */
import { A } from '@solidjs/router'
import { useQueryClient } from '@tanstack/solid-query'
import Ellipsis from 'lucide-solid/icons/ellipsis'
import Pause from 'lucide-solid/icons/pause'
import Play from 'lucide-solid/icons/play'
import Trash2 from 'lucide-solid/icons/trash'
import { createMemo, createSignal, Show } from 'solid-js'
import { api, type Source } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Status, type Tone } from '../kit/badge.tsx'
import { createNow } from '../kit/clock.ts'
import { Menu } from '../kit/menu.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { asApiError } from '../problem.ts'
import { Confirm } from './confirm.tsx'
import { failureText } from './notice-text.ts'
import { lineOf } from './problem-text.ts'

const TONES: Record<Source['state'], Tone> = {
  ok: 'ok',
  failing: 'bad',
  paused: 'idle',
  silent: 'warn',
  waiting: 'idle',
}
const nameOf = (source: Source) => `${source.connector} · ${source.realm}`

export function SourceTable(props: { sources: readonly Source[] }) {
  const client = useQueryClient()
  const [removing, setRemoving] = createSignal<Source | null>(null)
  const refresh = () => client.invalidateQueries({ queryKey: ['sources'] })
  const setPaused = async (source: Source, paused: boolean) => {
    try {
      await api.changeSource(source.id, { paused })
      tell(
        t(paused ? 'sources.paused_done' : 'sources.resumed_done', { name: nameOf(source) }),
        'ok',
        t('common.close'),
      )
    } catch (error) {
      tell(lineOf(asApiError(error)), 'bad', t('common.close'))
    }
    await refresh()
  }
  return (
    <>
      <Table
        label={t('sources.name')}
        columns={columns(setPaused, setRemoving)}
        rows={props.sources}
        below={(row) => (row.error ? <SourceError error={row.error} /> : null)}
      />
      <Show when={removing()} keyed>
        {(source) => (
          <Confirm
            title={t('sources.remove_title', { name: nameOf(source) })}
            text={t('sources.remove_text')}
            button={t('common.remove')}
            run={() => api.removeSource(source.id)}
            onClose={() => setRemoving(null)}
            onDone={() => {
              tell(t('sources.removed_done', { name: nameOf(source) }), 'ok', t('common.close'))
              setRemoving(null)
              void refresh()
            }}
          />
        )}
      </Show>
    </>
  )
}

const columns = (
  setPaused: (source: Source, paused: boolean) => Promise<void>,
  onRemove: (source: Source) => void,
): TableColumn<Source>[] => [
  {
    id: 'name',
    header: t('sources.name'),
    class: 'min-w-40',
    cell: (row) => (
      <>
        <span class="font-medium">{row.realm}</span>
        <span class="block text-[0.8125rem] text-muted">
          {row.connector}
          {row.vendor_version ? ` ${row.vendor_version}` : ''}
        </span>
      </>
    ),
  },
  { id: 'agent', header: t('sources.agent'), class: 'whitespace-nowrap', cell: (row) => row.agent_name },
  {
    id: 'state',
    header: t('agents.state'),
    cell: (row) => <Status tone={TONES[row.state]}>{t(`sources.${row.state}`)}</Status>,
  },
  {
    id: 'lag',
    header: t('sources.lag'),
    class: 'whitespace-nowrap tabular',
    cell: (row) => <Lag lag_ms={row.lag_ms} />,
  },
  {
    id: 'interval',
    header: t('sources.interval'),
    class: 'whitespace-nowrap tabular',
    cell: (row) => say.duration(row.interval_ms),
  },
  {
    id: 'resources',
    header: t('sources.resources'),
    numeric: true,
    cell: (row) => (
      <A
        href={paths.resources({ source_id: row.id })}
        class="link"
        aria-label={`${t('sources.resources')}: ${nameOf(row)}, ${row.resource_count}`}
      >
        {say.decimal(row.resource_count)}
      </A>
    ),
  },
  {
    id: 'actions',
    header: t('common.actions'),
    hideHeader: true,
    class: 'w-12 text-right',
    cell: (row) => (
      <Menu
        label={`${t('common.actions')}: ${nameOf(row)}`}
        entries={[
          row.state === 'paused'
            ? { label: t('sources.resume'), icon: <Play size={16} />, onSelect: () => void setPaused(row, false) }
            : { label: t('sources.pause'), icon: <Pause size={16} />, onSelect: () => void setPaused(row, true) },
          { label: t('common.remove'), icon: <Trash2 size={16} />, tone: 'bad', onSelect: () => onRemove(row) },
        ]}
      >
        <Ellipsis size={17} />
      </Menu>
    ),
  },
]

/** The age grows by itself between two answers of the server. */
function Lag(props: { lag_ms: number | null }) {
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

const SourceError = (props: { error: NonNullable<Source['error']> }) => (
  <div class="rounded-lg border border-bad-mark/40 bg-bad-soft px-3.5 py-2.5 text-[0.8125rem]">
    <p class="m-0">
      <span class="font-medium text-bad">{failureText(props.error).message}</span>{' '}
      <span class="text-muted">{t('sources.failing_since', { at: say.instant(props.error.since) })}</span>
    </p>
    <p class="m-0 mt-0.5">
      <span class="font-medium">{t('sources.what_to_do')}:</span> {failureText(props.error).remedy}
    </p>
  </div>
)
