/** Agents: whether they are heard, whether their clock is in step, what waits in their spool. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Ellipsis from 'lucide-solid/icons/ellipsis'
import Trash2 from 'lucide-solid/icons/trash'
import { createMemo, createSignal, For, Show } from 'solid-js'
import { type Agent, api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, Status, type Tone } from '../kit/badge.tsx'
import { createNow } from '../kit/clock.ts'
import { Menu } from '../kit/menu.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { Confirm } from './confirm.tsx'
import { queries } from '../queries.ts'
import { labelsText } from './labels.ts'
import { UpdateTarget } from './update-state.tsx'

const TONES: Record<Agent['state'], Tone> = { connected: 'ok', silent: 'bad', never_seen: 'idle', revoked: 'idle' }

export function AgentTable(props: { agents: readonly Agent[] }) {
  const client = useQueryClient()
  const now = createNow()
  const updating = useQuery(() => queries.agentUpdates())
  const updates = createMemo(() => {
    const items = updating.status === 'success' ? (updating.data?.items ?? []) : []
    return new Map(items.map((update) => [update.agent_id, update]))
  })
  const [revoking, setRevoking] = createSignal<Agent | null>(null)
  const columns = (): TableColumn<Agent>[] => [
    {
      id: 'name',
      header: t('agents.name'),
      class: 'min-w-40',
      cell: (row) => (
        <>
          <span class="font-medium">{row.name}</span>
          <Show when={row.hostname && row.hostname !== row.name}>
            <span class="block text-[0.8125rem] text-muted">{row.hostname}</span>
          </Show>
          <Show when={labelsText(row.labels).length > 0}>
            <span class="mt-1 flex flex-wrap gap-1">
              <For each={labelsText(row.labels)}>{(label) => <Badge tone="idle">{label}</Badge>}</For>
            </span>
          </Show>
        </>
      ),
    },
    {
      id: 'state',
      header: t('agents.state'),
      cell: (row) => (
        <span class="flex flex-wrap items-center gap-2">
          <Status tone={TONES[row.state]}>{t(`agents.${row.state}`)}</Status>
          <Show when={row.alarm}>{(alarm) => <Badge tone="bad">{alarm()}</Badge>}</Show>
        </span>
      ),
    },
    {
      id: 'heard',
      header: t('agents.heard'),
      class: 'whitespace-nowrap',
      cell: (row) => (
        <Show when={row.last_heard_at} fallback={<span class="text-muted">{t('common.never')}</span>}>
          {(at) => <span title={say.preciseInstant(at())}>{say.relative(at(), now())}</span>}
        </Show>
      ),
    },
    { id: 'clock', header: t('agents.clock'), class: 'whitespace-nowrap', cell: (row) => <Clock agent={row} /> },
    {
      id: 'spool',
      header: t('agents.spool'),
      numeric: true,
      class: 'whitespace-nowrap',
      cell: (row) =>
        row.spool_bytes === null ? '–' : row.spool_bytes === 0 ? t('agents.spool_empty') : say.bytes(row.spool_bytes),
    },
    { id: 'sources', header: t('agents.source_count'), numeric: true, cell: (row) => say.decimal(row.source_count) },
    {
      id: 'version',
      header: t('agents.version'),
      class: 'tabular',
      cell: (row) => (
        <>
          {row.version || '–'}
          <UpdateTarget update={updates().get(row.id)} />
        </>
      ),
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'w-12 text-right',
      cell: (row) => (
        <Menu
          label={`${t('common.actions')}: ${row.name}`}
          entries={[
            {
              label: t('agents.revoke'),
              icon: <Trash2 size={16} />,
              tone: 'bad',
              disabled: row.state === 'revoked',
              onSelect: () => setRevoking(row),
            },
          ]}
        >
          <Ellipsis size={17} />
        </Menu>
      ),
    },
  ]
  return (
    <>
      <Table label={t('agents.agents')} columns={columns()} rows={props.agents} />
      <Show when={revoking()} keyed>
        {(agent) => (
          <Confirm
            title={t('agents.revoke_title', { name: agent.name })}
            text={t('agents.revoke_text')}
            button={t('agents.revoke')}
            run={() => api.revokeAgent(agent.id)}
            onClose={() => setRevoking(null)}
            onDone={() => {
              tell(t('agents.revoked_done', { name: agent.name }), 'ok', t('common.close'))
              void client.invalidateQueries({ queryKey: ['agents'] })
              setRevoking(null)
            }}
          />
        )}
      </Show>
    </>
  )
}

const Clock = (props: { agent: Agent }) => (
  <Show when={props.agent.clock_offset_ms !== null} fallback="–">
    <Show when={props.agent.clock_skewed} fallback={<span class="text-muted">{t('agents.clock_ok')}</span>}>
      <Badge tone="warn">
        {t('agents.clock_off', { by: say.duration(Math.abs(props.agent.clock_offset_ms ?? 0)) })}
      </Badge>
    </Show>
  </Show>
)
