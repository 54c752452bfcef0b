/** Sources: how fresh their facts are, what fails, and what to do about it. */
import { A } from '@solidjs/router'
import { useQueryClient } from '@tanstack/solid-query'
import Ellipsis from 'lucide-solid/icons/ellipsis'
import Pause from 'lucide-solid/icons/pause'
import Play from 'lucide-solid/icons/play'
import Trash2 from 'lucide-solid/icons/trash'
import { createSignal, Show } from 'solid-js'
import { api, type Source } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Menu } from '../kit/menu.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { Confirm } from './confirm.tsx'
import { createPause, Lag, SourceError, sourceName, SourceState } from './source-state.tsx'

export function SourceTable(props: { sources: readonly Source[] }) {
  const client = useQueryClient()
  const [removing, setRemoving] = createSignal<Source | null>(null)
  const refresh = () => client.invalidateQueries({ queryKey: ['sources'] })
  const setPaused = createPause()
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
            title={t('sources.remove_title', { name: sourceName(source) })}
            text={t('sources.remove_text')}
            button={t('common.remove')}
            run={() => api.removeSource(source.id)}
            onClose={() => setRemoving(null)}
            onDone={() => {
              tell(t('sources.removed_done', { name: sourceName(source) }), 'ok', t('common.close'))
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
        <A href={paths.source(row.id)} class="link font-medium [overflow-wrap:anywhere]">
          {row.realm}
        </A>
        <span class="block text-[0.8125rem] text-muted">
          {row.connector}
          {row.vendor_version ? ` ${row.vendor_version}` : ''}
        </span>
        <span class="mt-0.5 flex flex-wrap gap-x-3 text-[0.8125rem] sm:hidden">
          <SourceState state={row.state} />
          <span class="tabular text-muted">
            <Lag lag_ms={row.lag_ms} />
          </span>
        </span>
      </>
    ),
  },
  {
    id: 'agent',
    header: t('sources.agent'),
    wideOnly: true,
    class: 'whitespace-nowrap',
    cell: (row) => row.agent_name,
  },
  {
    id: 'state',
    header: t('agents.state'),
    wideOnly: true,
    cell: (row) => <SourceState state={row.state} />,
  },
  {
    id: 'lag',
    header: t('sources.lag'),
    wideOnly: true,
    class: 'whitespace-nowrap tabular',
    cell: (row) => <Lag lag_ms={row.lag_ms} />,
  },
  {
    id: 'interval',
    header: t('sources.interval'),
    wideOnly: true,
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
        aria-label={`${t('sources.resources')}: ${sourceName(row)}, ${row.resource_count}`}
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
        label={`${t('common.actions')}: ${sourceName(row)}`}
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
