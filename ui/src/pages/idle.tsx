/** Idle nodes of a month: what each node of a cluster costs, what its pods are allocated of that, and what nobody holds. */
import { A, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import { For, type JSX, Show } from 'solid-js'
import type { IdleCosts, IdleNamespace, IdleNode } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { buttonClass } from '../kit/button.tsx'
import { SelectField } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { Load } from '../parts/load.tsx'
import { MonthStep } from '../parts/month-step.tsx'
import { Page } from '../parts/page.tsx'
import { links } from '../links.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const WAYS = ['node', 'namespace'] as const
type Way = (typeof WAYS)[number]

export default function IdlePage() {
  const [search, setSearch] = useSearchParams()
  const text = (name: string) => (typeof search[name] === 'string' ? search[name] : undefined)
  const by = (): Way => WAYS.find((one) => one === text('by')) ?? 'node'
  const asked = () => ({ by: by(), month: text('month'), realm: text('realm') })
  const query = useQuery(() => queries.idleCosts(asked()))
  const month = () => text('month') ?? (query.status === 'success' ? query.data.month : '')
  return (
    <Page
      title={t('margins.idle.title')}
      lead={t('margins.idle.lead')}
      above={<BackLink href={paths.margins()} label={t('margins.title')} />}
      curl={['/margins/idle', '/margins/idle.csv']}
      actions={
        <>
          <MonthStep month={month()} onChange={(next) => setSearch({ month: next })} />
          <a class={buttonClass()} href={links.idleCsv(asked())} download={`idle-${month()}.csv`} rel="external">
            <Download size={16} /> CSV
          </a>
          <A href={paths.costs} class={buttonClass()}>
            {t('margins.costs')}
          </A>
        </>
      }
    >
      <SelectField
        class="mb-4 max-w-xs"
        label={t('margins.idle.by')}
        value={by()}
        options={WAYS.map((value) => ({ value, label: t(`margins.idle.ways.${value}`) }))}
        onChange={(value) => setSearch({ by: value === 'node' ? undefined : value })}
      />
      <Load query={query}>{(data) => <Report data={data()} by={by()} />}</Load>
    </Page>
  )
}

function Report(props: { data: IdleCosts; by: Way }) {
  return (
    <Show when={props.data.nodes.length > 0} fallback={<Nothing of={props.data} />}>
      <div class="flex flex-col gap-4">
        <div class="flex flex-wrap gap-4">
          <For each={props.data.totals}>{(total) => <Total of={total} />}</For>
        </div>
        <p class="m-0 text-sm text-muted">
          {t('margins.idle.until', { at: say.instant(props.data.to) })}{' '}
          <Show when={props.data.unknown.length > 0}>
            {t('margins.idle.unknown', props.data.unknown.length)}{' '}
            <A href={paths.costs} class="link">
              {t('margins.idle.add_cost')}
            </A>
          </Show>
        </p>
        <div class="card">
          <Show
            when={props.by === 'node'}
            fallback={
              <Table label={t('margins.idle.title')} columns={namespaceColumns()} rows={props.data.namespaces} />
            }
          >
            <Table label={t('margins.idle.title')} columns={nodeColumns()} rows={props.data.nodes} />
          </Show>
        </div>
      </div>
    </Show>
  )
}

/** What is missing: nodes, or what they cost. */
const Nothing = (props: { of: IdleCosts }): JSX.Element => (
  <div class="card flex flex-wrap items-center justify-between gap-3 p-5">
    <Show
      when={props.of.unknown.length > 0}
      fallback={
        <>
          <p class="m-0 text-muted">{t('margins.idle.no_nodes')}</p>
          <A href={paths.sources} class={buttonClass()}>
            {t('margins.idle.add_source')}
          </A>
        </>
      }
    >
      <p class="m-0 text-muted">{t('margins.idle.no_cost')}</p>
      <A href={paths.costs} class={buttonClass()}>
        {t('margins.idle.add_cost')}
      </A>
    </Show>
  </div>
)

const Total = (props: { of: IdleCosts['totals'][number] }) => (
  <dl class="card tabular m-0 grid grid-cols-[auto_auto] gap-x-6 gap-y-1 px-4 py-3 text-sm" data-total>
    <dt class="text-muted">{t('margins.idle.cost')}</dt>
    <dd class="m-0 text-right">{say.money(props.of.cost, props.of.currency)}</dd>
    <dt class="text-muted">{t('margins.idle.allocated')}</dt>
    <dd class="m-0 text-right">{say.money(props.of.allocated, props.of.currency)}</dd>
    <dt class="text-muted">{t('margins.idle.idle')}</dt>
    <dd class="m-0 text-right font-semibold">
      {say.money(props.of.idle, props.of.currency)} ({percent(props.of.idle_percent)})
    </dd>
  </dl>
)

const percent = (text: string | null): string => (text === null ? '–' : `${say.decimal(text, 2)} %`)

const nodeColumns = (): TableColumn<IdleNode>[] => [
  {
    id: 'name',
    header: t('margins.idle.ways.node'),
    class: 'sm:min-w-40',
    cell: (row) => (
      <span class="flex flex-wrap items-center gap-2 [overflow-wrap:anywhere]">
        <A href={paths.resource(row.resource.id)} class="link font-medium">
          {row.resource.name}
        </A>
        <Badge wraps tone="idle">
          {t(`margins.idle.basis.${row.basis}`)}
        </Badge>
        <Show when={row.is_partial}>
          <Badge wraps tone="warn">
            {t('margins.idle.partial')}
          </Badge>
        </Show>
        <span class="basis-full text-[0.8125rem] text-muted">{row.realm}</span>
        <span class="tabular basis-full text-[0.8125rem] text-muted sm:hidden">
          {t('margins.idle.cost')}: {say.money(row.cost, row.currency)}
        </span>
      </span>
    ),
  },
  {
    id: 'cost',
    header: t('margins.idle.cost'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.money(row.cost, row.currency),
  },
  {
    id: 'allocated',
    header: t('margins.idle.allocated'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.money(row.allocated, row.currency),
  },
  {
    id: 'idle',
    header: t('margins.idle.idle'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => say.money(row.idle, row.currency),
  },
  { id: 'percent', header: '%', numeric: true, class: 'whitespace-nowrap', cell: (row) => percent(row.idle_percent) },
  { id: 'cpu', header: t('margins.idle.cpu'), numeric: true, wideOnly: true, cell: (row) => percent(row.cpu_percent) },
  {
    id: 'memory',
    header: t('margins.idle.memory'),
    numeric: true,
    wideOnly: true,
    cell: (row) => percent(row.memory_percent),
  },
  { id: 'pods', header: t('margins.idle.pods'), numeric: true, wideOnly: true, cell: (row) => say.decimal(row.pods) },
]

const namespaceColumns = (): TableColumn<IdleNamespace>[] => [
  {
    id: 'name',
    header: t('margins.idle.ways.namespace'),
    class: 'sm:min-w-40',
    cell: (row) => (
      <span class="flex flex-wrap items-center gap-2 [overflow-wrap:anywhere]">
        <Show when={row.namespace} fallback={<Badge tone="idle">{t('margins.idle.nothing_held')}</Badge>}>
          {(name) => <span class="font-medium">{name()}</span>}
        </Show>
        <span class="basis-full text-[0.8125rem] text-muted">{row.realm}</span>
      </span>
    ),
  },
  { id: 'cost', header: t('margins.idle.cost'), numeric: true, cell: (row) => say.money(row.cost, row.currency) },
  { id: 'percent', header: '%', numeric: true, class: 'whitespace-nowrap', cell: (row) => percent(row.percent) },
  { id: 'pods', header: t('margins.idle.pods'), numeric: true, wideOnly: true, cell: (row) => say.decimal(row.pods) },
]
