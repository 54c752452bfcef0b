/** What needs a person first, then what there is and what it earns. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import CircleAlert from 'lucide-solid/icons/circle-alert'
import CircleCheck from 'lucide-solid/icons/circle-check'
import TriangleAlert from 'lucide-solid/icons/triangle-alert'
import type { JSX } from 'solid-js'
import { createMemo, For, Show } from 'solid-js'
import type { DraftSummary, Notice, PlatformEvent, ResourceSummary } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { addAmounts, largest } from '../kit/amount.ts'
import { buttonClass } from '../kit/button.tsx'
import { createNow } from '../kit/clock.ts'
import { Skeleton, SkeletonRows } from '../kit/skeleton.tsx'
import { Table } from '../kit/table.tsx'
import { FirstRun } from '../parts/first-run.tsx'
import { Load } from '../parts/load.tsx'
import { noticeText } from '../parts/notice-text.ts'
import { Page, Section } from '../parts/page.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { HourlyCost } from '../parts/quantity.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const RECENT_EVENTS = 8
const TOP_RESOURCES = 6
const MACHINES = ['host', 'vm', 'container', 'game_server'] as const

export default function Overview() {
  const tenant = createTenant()
  return (
    <Page title={t('overview.title')} curl={['/notices?open=true', '/resources/summary', '/drafts']}>
      <FirstRun />
      <Attention />
      <Show when={tenant.has('billing.write')}>
        <Waiting />
      </Show>
      <Figures />
      <div class="grid gap-4 lg:grid-cols-2">
        <Show when={tenant.has('billing.read')}>
          <DraftTotals />
        </Show>
        <MostExpensive />
        <ByKind />
        <RecentEvents />
      </div>
    </Page>
  )
}

function Attention() {
  const notices = useQuery(() => queries.notices())
  const agents = useQuery(() => queries.agents())
  const hasAgent = () => agents.status === 'success' && (agents.data?.items.length ?? 0) > 0
  const isQuiet = () => notices.status === 'success' && notices.data?.items.length === 0
  return (
    <Show when={!isQuiet() || hasAgent()}>
      <section class="card mb-4" aria-label={t('overview.attention')}>
        <Load query={notices} skeleton={<SkeletonRows rows={1} label={t('common.loading')} />}>
          {(data) => (
            <Show when={data().items.length > 0} fallback={<AllWell />}>
              <h2 class="border-b border-line px-4 py-3 text-sm font-semibold">
                {t('overview.attention')} <span class="tabular font-normal text-muted">{data().items.length}</span>
              </h2>
              <ul class="m-0 list-none p-0">
                <For each={data().items}>{(notice) => <NoticeRow notice={notice} />}</For>
              </ul>
            </Show>
          )}
        </Load>
      </section>
    </Show>
  )
}

const AllWell = () => (
  <div class="flex items-center gap-3 px-4 py-3.5">
    <CircleCheck size={20} class="shrink-0 text-ok-mark" />
    <p class="m-0">
      <span class="font-medium">{t('overview.all_well')}</span>{' '}
      <span class="text-muted">{t('overview.all_well_text')}</span>
    </p>
  </div>
)

function NoticeRow(props: { notice: Notice }) {
  const now = createNow()
  const text = () => noticeText(props.notice)
  return (
    <li class="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-2.5 last:border-0">
      <span class={text().tone === 'bad' ? 'text-bad-mark' : 'text-warn-mark'}>
        {text().tone === 'bad' ? <CircleAlert size={18} /> : <TriangleAlert size={18} />}
      </span>
      <p class="m-0 min-w-0 flex-1 basis-64">
        <span class="font-medium">{text().title}</span> <span class="text-muted">{text().text}</span>
      </p>
      <span class="tabular text-[0.8125rem] text-muted" title={say.instant(props.notice.opened_at)}>
        {t('overview.since', { age: say.duration(Math.max(0, now() - Date.parse(props.notice.opened_at)), 1) })}
      </span>
      <A href={text().action.path} class={buttonClass('secondary', 'small')}>
        {text().action.label}
      </A>
    </li>
  )
}

const Figure = (props: { label: string; hint?: JSX.Element; href: string; children: JSX.Element }) => (
  <A href={props.href} class="card block min-w-0 px-4 py-3.5 text-text transition-colors hover:border-line-strong">
    <span class="block text-[0.8125rem] text-muted">{props.label}</span>
    <span class="tabular mt-1 block truncate text-2xl leading-8 font-semibold tracking-tight">{props.children}</span>
    <span class="tabular block min-h-5 truncate text-[0.8125rem] text-muted">{props.hint}</span>
  </A>
)

function Figures() {
  const tenant = createTenant()
  const drafts = useQuery(() => ({ ...queries.drafts(), enabled: tenant.has('billing.read') }))
  const summary = useQuery(() => queries.summary())
  const agents = useQuery(() => queries.agents())
  const sources = useQuery(() => queries.sources())
  const items = <T,>(query: { status: string; data: { items: T[] } | undefined }) =>
    query.status === 'success' ? query.data?.items : undefined
  const machines = () => {
    const kinds = summary.status === 'success' ? summary.data?.by_kind : undefined
    const some = kinds?.filter((one) => MACHINES.some((kind) => kind === one.kind))
    return some && { total: sum(some, 'total'), running: sum(some, 'running') }
  }
  const wait = <Skeleton class="h-7 w-24" />
  return (
    <div class="mb-4 grid grid-cols-2 gap-3 lg:grid-cols-4">
      <Show when={tenant.has('billing.read')}>
        <Figure
          label={t('overview.revenue')}
          href={paths.invoices}
          hint={<Show when={items(drafts)}>{(list) => t('overview.revenue_hint', list().length)}</Show>}
        >
          <Show when={items(drafts)} fallback={wait}>
            {(list) => <Revenue drafts={list()} />}
          </Show>
        </Figure>
      </Show>
      <Figure
        label={t('overview.machines')}
        href={paths.resources({ kind: MACHINES.join(',') })}
        hint={
          <Show when={machines()}>{(m) => t('overview.machines_hint', { running: say.decimal(m().running) })}</Show>
        }
      >
        <Show when={machines()} fallback={wait}>
          {(m) => say.decimal(m().total)}
        </Show>
      </Figure>
      <Figure
        label={t('overview.agents')}
        href={paths.agents}
        hint={<Show when={items(sources)}>{(list) => t('overview.agents_hint', list().length)}</Show>}
      >
        <Show when={items(agents)} fallback={wait}>
          {(list) => say.decimal(list().filter((one) => one.state !== 'revoked').length)}
        </Show>
      </Figure>
      <Figure
        label={t('overview.unowned')}
        href={paths.resources({ account_id: 'none' })}
        hint={t('overview.unowned_hint')}
      >
        <Show when={summary.status === 'success' && summary.data} fallback={wait}>
          {(data) => say.decimal(data().unowned)}
        </Show>
      </Figure>
    </div>
  )
}

const sum = (rows: ResourceSummary['by_kind'], field: 'total' | 'running') =>
  rows.reduce((total, row) => total + row[field], 0)

/** Amounts of different currencies are never added. */
function Revenue(props: { drafts: readonly DraftSummary[] }) {
  const totals = createMemo(() =>
    [...Map.groupBy(props.drafts, (draft) => draft.currency)].map(([currency, drafts]) =>
      say.money(addAmounts(drafts.map((draft) => draft.totals.net)), currency),
    ),
  )
  return <>{totals().join(' + ') || '–'}</>
}

function DraftTotals() {
  const drafts = useQuery(() => queries.drafts())
  return (
    <Section title={t('overview.drafts')} actions={<More href={paths.invoices} label={t('nav.invoices')} />}>
      <Load query={drafts}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<Quiet text={t('invoices.empty_drafts_text')} />}>
            <Table
              label={t('overview.drafts')}
              dense
              rows={largest(data().items, ({ totals, currency }) => ({ amount: totals.net, currency }), TOP_RESOURCES)}
              columns={[
                {
                  id: 'account',
                  header: t('common.account'),
                  cell: (row) => (
                    <A href={paths.draft(row.account.id)} class="rounded text-text hover:text-accent-text">
                      {row.account.name}
                    </A>
                  ),
                },
                {
                  id: 'net',
                  header: t('invoices.net'),
                  numeric: true,
                  cell: (row) => say.money(row.totals.net, row.currency),
                },
              ]}
            />
          </Show>
        )}
      </Load>
    </Section>
  )
}

function MostExpensive() {
  const query = useQuery(() => queries.largest())
  return (
    <Section title={t('overview.top')} actions={<More href={paths.resources()} label={t('nav.resources')} />}>
      <Load query={query}>
        {(data) => {
          const rows = () => {
            const priced = data().items.flatMap(({ cost_per_hour, ...one }) =>
              cost_per_hour ? [{ ...one, cost_per_hour }] : [],
            )
            return largest(priced, (one) => one.cost_per_hour, TOP_RESOURCES)
          }
          return (
            <Show when={rows().length > 0} fallback={<Quiet text={t('overview.top_empty')} />}>
              <Table
                label={t('overview.top')}
                dense
                rows={rows()}
                columns={[
                  {
                    id: 'name',
                    header: t('resources.name'),
                    cell: (row) => (
                      <A href={paths.resource(row.id)} class="rounded text-text hover:text-accent-text">
                        {row.name}
                      </A>
                    ),
                  },
                  {
                    id: 'owner',
                    header: t('resources.owner'),
                    wideOnly: true,
                    cell: (row) => row.owner?.account_name ?? t('common.nobody'),
                  },
                  {
                    id: 'cost',
                    header: t('resources.cost'),
                    numeric: true,
                    cell: (row) => <HourlyCost cost={row.cost_per_hour} none="–" />,
                  },
                ]}
              />
            </Show>
          )
        }}
      </Load>
    </Section>
  )
}

function ByKind() {
  const summary = useQuery(() => queries.summary())
  return (
    <Section title={t('overview.by_kind')} actions={<More href={paths.resources()} label={t('nav.resources')} />}>
      <Load query={summary}>
        {(data) => (
          <Show when={data().by_kind.length > 0} fallback={<Quiet text={t('resources.empty')} />}>
            <Table
              label={t('overview.by_kind')}
              dense
              rows={data().by_kind.toSorted((a, b) => b.total - a.total)}
              columns={[
                {
                  id: 'kind',
                  header: t('resources.kind'),
                  cell: (row) => (
                    <A href={paths.resources({ kind: row.kind })} class="rounded text-text hover:text-accent-text">
                      {t(`kind.${row.kind}`)}
                    </A>
                  ),
                },
                {
                  id: 'running',
                  header: t('overview.running'),
                  numeric: true,
                  cell: (row) => say.decimal(row.running),
                },
                {
                  id: 'stopped',
                  header: t('overview.stopped'),
                  numeric: true,
                  cell: (row) => say.decimal(row.stopped),
                },
                { id: 'total', header: t('overview.total'), numeric: true, cell: (row) => say.decimal(row.total) },
              ]}
            />
          </Show>
        )}
      </Load>
    </Section>
  )
}

function RecentEvents() {
  const events = useQuery(() => queries.events({ limit: RECENT_EVENTS }))
  return (
    <Section title={t('overview.events')}>
      <Load query={events}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<Quiet text={t('overview.events_empty')} />}>
            <ol class="m-0 list-none p-0">
              <For each={data().items}>{(event) => <EventRow event={event} />}</For>
            </ol>
          </Show>
        )}
      </Load>
    </Section>
  )
}

/** The name that an event's object had, where it says so. */
function nameIn({ after, before }: PlatformEvent): string {
  const content = after ?? before
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return ''
  const name = content['name'] ?? content['number']
  return typeof name === 'string' ? name : ''
}

function EventRow(props: { event: PlatformEvent }) {
  const now = createNow()
  return (
    <li class="flex items-baseline gap-3 border-b border-line px-4 py-2 last:border-0">
      <code class="shrink-0 font-mono text-xs text-muted">{props.event.type}</code>
      <span class="min-w-0 flex-1 truncate">{nameIn(props.event)}</span>
      <span class="shrink-0 text-[0.8125rem] text-muted" title={say.preciseInstant(props.event.occurred_at)}>
        {say.relative(props.event.occurred_at, now())}
      </span>
    </li>
  )
}

const More = (props: { href: string; label: string }) => (
  <A href={props.href} class="link text-[0.8125rem]">
    {props.label}
  </A>
)
const Quiet = (props: { text: string }) => <p class="m-0 px-4 py-6 text-center text-sm text-muted">{props.text}</p>
