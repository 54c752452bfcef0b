/** What waits for a person: each queue with its money and the way to its remedy. */
import { useSearchParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import { Match, Show, Switch } from 'solid-js'
import type { QueueCounts } from '../api.ts'
import { links } from '../links.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { buttonClass } from '../kit/button.tsx'
import { Choice } from '../kit/field.tsx'
import { BackLink } from '../parts/back.tsx'
import { MailTable } from '../parts/mail-table.tsx'
import { Page } from '../parts/page.tsx'
import { QueueList, stuckColumns, unownedColumns, unratedColumns } from '../parts/queue-list.tsx'
import { Table } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const QUEUES = ['unrated', 'unowned', 'parked', 'blocked', 'mails'] as const satisfies (keyof QueueCounts)[]
const SORTS = ['money', 'since'] as const

export default function Queues() {
  const [search, setSearch] = useSearchParams()
  const chosen = () => QUEUES.find((one) => one === search['queue']) ?? 'unrated'
  const sort = () => SORTS.find((one) => one === search['sort']) ?? 'money'
  const counts = useQuery(() => queries.queueCounts())
  const label = (name: (typeof QUEUES)[number]) =>
    counts.status === 'success' ? `${t(`queues.${name}`)} (${say.decimal(counts.data[name])})` : t(`queues.${name}`)
  return (
    <Page
      title={t('queues.title')}
      above={<BackLink href={paths.invoices} label={t('invoices.title')} />}
      lead={t('queues.lead')}
      curl={['/queues', chosen() === 'mails' ? '/mails?open=true' : `/queues/${chosen()}`]}
      actions={
        <Show when={chosen() !== 'mails'}>
          <a href={links.queueCsv(chosen())} rel="external" class={buttonClass()}>
            <Download size={16} />
            CSV
          </a>
        </Show>
      }
    >
      <div class="card min-w-0">
        <header class="flex flex-wrap items-end justify-between gap-3 border-b border-line px-4 py-3">
          <Choice
            legend={t('queues.title')}
            hideLegend
            value={chosen()}
            onChange={(queue) => setSearch({ queue }, { replace: true })}
            choices={QUEUES.map((value) => ({ value, label: label(value) }))}
          />
          <Show when={chosen() !== 'mails'}>
            <Choice
              legend={t('queues.sort')}
              hideLegend
              value={sort()}
              onChange={(by) => setSearch({ sort: by }, { replace: true })}
              choices={SORTS.map((value) => ({ value, label: t(`queues.sort_${value}`) }))}
            />
          </Show>
        </header>
        <Switch>
          <Match when={chosen() === 'unrated'}>
            <Unrated sort={sort()} />
          </Match>
          <Match when={chosen() === 'unowned'}>
            <Unowned sort={sort()} />
          </Match>
          <Match when={chosen() === 'mails'}>
            <FailedMails />
          </Match>
          <Match when={true}>
            <Stuck which={chosen() === 'parked' ? 'parked' : 'blocked'} sort={sort()} />
          </Match>
        </Switch>
      </div>
    </Page>
  )
}

function Unrated(props: { sort: string }) {
  const query = useInfiniteQuery(() => queries.unrated(props.sort))
  return (
    <QueueList query={query}>
      {(rows) => <Table label={t('queues.unrated')} columns={unratedColumns()} rows={rows} />}
    </QueueList>
  )
}
function Unowned(props: { sort: string }) {
  const query = useInfiniteQuery(() => queries.unowned(props.sort))
  return (
    <QueueList query={query}>
      {(rows) => <Table label={t('queues.unowned')} columns={unownedColumns()} rows={rows} />}
    </QueueList>
  )
}
function Stuck(props: { which: 'parked' | 'blocked'; sort: string }) {
  const query = useInfiniteQuery(() => queries.stuck(props.which, props.sort))
  return (
    <QueueList query={query}>
      {(rows) => (
        <Table
          label={t(`queues.${props.which}`)}
          columns={stuckColumns(props.which)}
          rows={rows}
          below={(row) => row.problem && <p class="m-0 text-[0.8125rem] text-muted">{row.problem.detail}</p>}
        />
      )}
    </QueueList>
  )
}
function FailedMails() {
  const query = useInfiniteQuery(() => queries.mails({ open: 'true' }))
  return <QueueList query={query}>{(rows) => <MailTable mails={rows} withDocument />}</QueueList>
}
