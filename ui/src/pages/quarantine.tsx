/** What was refused, and why. */
import { useQuery } from '@tanstack/solid-query'
import ShieldCheck from 'lucide-solid/icons/shield-check'
import { Show } from 'solid-js'
import type { QuarantineItem } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { AgentTabs } from '../parts/agent-tabs.tsx'
import { Load } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { queries } from '../queries.ts'

export default function Quarantine() {
  const query = useQuery(() => queries.quarantine())
  return (
    <Page title={t('agents.title')} lead={t('quarantine.lead')} curl={['/quarantine']}>
      <AgentTabs />
      <div class="card">
        <Load query={query}>
          {(data) => (
            <Show
              when={data().items.length > 0}
              fallback={
                <EmptyState
                  icon={<ShieldCheck size={20} />}
                  title={t('quarantine.empty')}
                  text={t('quarantine.empty_text')}
                />
              }
            >
              <Table
                label={t('agents.tab_quarantine')}
                columns={columns()}
                rows={data().items}
                below={(row) => <Raw item={row} />}
              />
            </Show>
          )}
        </Load>
      </div>
    </Page>
  )
}

const columns = (): TableColumn<QuarantineItem>[] => [
  {
    id: 'at',
    header: t('quarantine.arrived'),
    class: 'whitespace-nowrap align-top',
    cell: (row) => say.instant(row.stored_at),
  },
  {
    id: 'agent',
    header: t('quarantine.agent'),
    class: 'align-top',
    cell: (row) => row.agent_name ?? t('common.unknown'),
  },
  {
    id: 'reason',
    header: t('quarantine.why'),
    class: 'min-w-72',
    cell: (row) => (
      <>
        <code class="font-mono text-xs">{row.reason}</code>
        <span class="block text-muted">{row.detail}</span>
      </>
    ),
  },
  {
    id: 'readings',
    header: t('quarantine.readings'),
    numeric: true,
    class: 'align-top',
    cell: (row) => say.decimal(row.readings),
  },
  {
    id: 'key',
    header: t('quarantine.key'),
    class: 'align-top font-mono text-xs',
    cell: (row) => (
      <>
        {row.spool ?? '–'} <span class="text-muted">{row.sequence === null ? '' : `#${row.sequence}`}</span>
      </>
    ),
  },
]

const Raw = (props: { item: QuarantineItem }) => (
  <details class="text-[0.8125rem]">
    <summary class="w-fit rounded text-muted hover:text-text">{t('quarantine.raw')}</summary>
    <pre class="m-0 mt-2 max-w-full rounded-lg border border-line bg-sunken p-3 font-mono text-xs break-all whitespace-pre-wrap">
      {props.item.raw}
    </pre>
  </details>
)
