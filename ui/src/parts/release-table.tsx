/** Signed releases of the agent: what each is, whether its file is here, and what can be done with it. */
import { useQueryClient } from '@tanstack/solid-query'
import Ellipsis from 'lucide-solid/icons/ellipsis'
import Rocket from 'lucide-solid/icons/rocket'
import Trash2 from 'lucide-solid/icons/trash'
import { createSignal, Show } from 'solid-js'
import { type AgentRelease, api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Status } from '../kit/badge.tsx'
import { Menu } from '../kit/menu.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { Confirm } from './confirm.tsx'
import { createMay } from './may.ts'

const columns = (): TableColumn<AgentRelease>[] => [
  { id: 'version', header: t('rollouts.version'), class: 'tabular font-medium', cell: (row) => row.version },
  { id: 'platform', header: t('rollouts.platform'), class: 'whitespace-nowrap', cell: (row) => row.platform },
  {
    id: 'state',
    header: t('rollouts.state'),
    cell: (row) => (
      <Show when={row.withdrawn_at === null} fallback={<Status tone="idle">{t('rollouts.withdrawn')}</Status>}>
        <Status tone={row.stored_at === null ? 'warn' : 'ok'}>
          {t(row.stored_at === null ? 'rollouts.missing' : 'rollouts.stored')}
        </Status>
      </Show>
    ),
  },
  {
    id: 'size',
    header: t('rollouts.size'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => say.bytes(row.bytes),
  },
  {
    id: 'released',
    header: t('rollouts.released'),
    class: 'whitespace-nowrap',
    cell: (row) => say.instant(row.released_at),
  },
  {
    id: 'key',
    header: t('rollouts.key'),
    class: 'font-mono text-xs',
    cell: (row) => <span title={row.key}>{row.key.slice(0, 12)}…</span>,
  },
]

export function ReleaseTable(props: { releases: readonly AgentRelease[]; onStart: (release: AgentRelease) => void }) {
  const client = useQueryClient()
  const may = createMay()
  const [withdrawing, setWithdrawing] = createSignal<AgentRelease | null>(null)
  const actions: TableColumn<AgentRelease> = {
    id: 'actions',
    header: t('common.actions'),
    hideHeader: true,
    class: 'w-12 text-right',
    cell: (row) => (
      <Menu
        label={`${t('common.actions')}: ${row.version}`}
        entries={[
          {
            label: t('rollouts.start'),
            icon: <Rocket size={16} />,
            disabled: row.stored_at === null || row.withdrawn_at !== null || Boolean(may('agents.write').disabled),
            onSelect: () => props.onStart(row),
          },
          {
            label: t('rollouts.withdraw'),
            icon: <Trash2 size={16} />,
            tone: 'bad',
            disabled: row.withdrawn_at !== null || Boolean(may('agents.write').disabled),
            onSelect: () => setWithdrawing(row),
          },
        ]}
      >
        <Ellipsis size={17} />
      </Menu>
    ),
  }
  return (
    <>
      <Table label={t('rollouts.releases')} columns={[...columns(), actions]} rows={props.releases} />
      <Show when={withdrawing()} keyed>
        {(release) => (
          <Confirm
            title={t('rollouts.withdraw_title', { version: release.version })}
            text={t('rollouts.withdraw_text')}
            button={t('rollouts.withdraw')}
            run={() => api.withdrawRelease(release.id)}
            onClose={() => setWithdrawing(null)}
            onDone={() => {
              tell(t('rollouts.withdrawn_done', { version: release.version }), 'ok', t('common.close'))
              void client.invalidateQueries({ queryKey: ['releases'] })
              setWithdrawing(null)
            }}
          />
        )}
      </Show>
    </>
  )
}
