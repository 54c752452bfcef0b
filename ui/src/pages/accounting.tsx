/** The accounting of the intake: every reading is somewhere, and each row says whether it adds up. */
import { useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Check from 'lucide-solid/icons/check'
import Scale from 'lucide-solid/icons/scale'
import TriangleAlert from 'lucide-solid/icons/triangle-alert'
import type { JSX } from 'solid-js'
import { Show } from 'solid-js'
import type { Accounting } from '../api.ts'
import { withQuery } from '../request.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { AgentTabs } from '../parts/agent-tabs.tsx'
import { Load } from '../parts/load.tsx'
import { meterText } from '../parts/meter-text.ts'
import { Page, Section } from '../parts/page.tsx'
import { FilterOne } from '../parts/resource-filters.tsx'
import { queries } from '../queries.ts'

type IntakeRow = Accounting['intake'][number]
type MeterRow = Accounting['meters'][number]
const WINDOWS = [1, 6, 24, 72, 168] as const

export default function AccountingPage() {
  const [search, setSearch] = useSearchParams()
  const sources = useQuery(() => queries.sources())
  const hours = () => WINDOWS.find((one) => String(one) === search['hours']) ?? 24
  const source = () => (typeof search['source_id'] === 'string' ? search['source_id'] : '')
  const asked = () => ({ hours: hours(), source_id: source() || undefined })
  const query = useQuery(() => queries.accounting(asked()))
  const list = () => (sources.status === 'success' ? (sources.data?.items ?? []) : [])
  const nameOf = (id: string) => {
    const found = list().find((one) => one.id === id)
    return found ? `${found.connector} · ${found.realm}` : id
  }
  return (
    <Page title={t('agents.title')} lead={t('accounting.lead')} curl={[withQuery('/accounting', asked())]}>
      <AgentTabs />
      <div class="mb-4 flex flex-wrap items-center gap-2">
        <FilterOne
          label={t('accounting.window')}
          value={String(hours())}
          options={WINDOWS.map((value) => ({ value: String(value), label: t('accounting.window_hours', value) }))}
          onChange={(value) => setSearch({ hours: value }, { replace: true })}
        />
        <FilterOne
          label={t('accounting.source')}
          value={source()}
          options={[
            { value: '', label: t('accounting.source') },
            ...list().map((one) => ({ value: one.id, label: nameOf(one.id) })),
          ]}
          onChange={(value) => setSearch({ source_id: value }, { replace: true })}
        />
      </div>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().intake.length + data().meters.length > 0}
            fallback={
              <div class="card">
                <EmptyState
                  icon={<Scale size={20} />}
                  title={t('accounting.empty')}
                  text={t('accounting.empty_text')}
                />
              </div>
            }
          >
            <div class="flex flex-col gap-4">
              <Summary accounting={data()} />
              <Section title={t('accounting.intake')} lead={t('accounting.intake_rule')}>
                <Table dense label={t('accounting.intake')} columns={intakeColumns(nameOf)} rows={data().intake} />
              </Section>
              <Section title={t('accounting.meters')} lead={t('accounting.meters_rule')}>
                <Table dense label={t('accounting.meters')} columns={meterColumns()} rows={data().meters} />
              </Section>
            </div>
          </Show>
        )}
      </Load>
    </Page>
  )
}

function Summary(props: { accounting: Accounting }) {
  const wrong = () => [...props.accounting.intake, ...props.accounting.meters].filter((row) => !row.balanced).length
  return (
    <dl class="m-0 grid gap-3 sm:grid-cols-3">
      <Fact label={t('accounting.balanced')}>
        <Show when={wrong()} fallback={<Badge tone="ok">{t('accounting.all_balanced')}</Badge>}>
          <Badge tone="bad">{t('accounting.unbalanced', wrong())}</Badge>
        </Show>
      </Fact>
      <Fact label={t('accounting.in_quarantine')}>{say.decimal(props.accounting.quarantine_total)}</Fact>
      <Fact label={t('accounting.oldest_pending')}>
        {props.accounting.oldest_pending_ms === null
          ? t('accounting.nothing_pending')
          : say.duration(props.accounting.oldest_pending_ms)}
      </Fact>
    </dl>
  )
}

const Fact = (props: { label: string; children: JSX.Element }) => (
  <div class="card px-4 py-3">
    <dt class="text-[0.8125rem] text-muted">{props.label}</dt>
    <dd class="tabular m-0 mt-0.5 font-semibold">{props.children}</dd>
  </div>
)

const Balanced = (props: { balanced: boolean }) => (
  <Show
    when={props.balanced}
    fallback={
      <span class="inline-flex items-center gap-1.5 font-medium text-bad">
        <TriangleAlert size={15} /> {t('accounting.not_balanced')}
      </span>
    }
  >
    <Check size={16} class="text-ok-mark" role="img" aria-label={t('accounting.balanced')} />
  </Show>
)

/** A zero is quiet, so that what is not zero is seen. */
const Quiet = (props: { value: number; tone?: 'warn' }) => (
  <span class={props.value === 0 ? 'text-faint' : props.tone === 'warn' ? 'font-medium text-warn' : ''}>
    {say.decimal(props.value)}
  </span>
)

function intakeColumns(nameOf: (id: string) => string): TableColumn<IntakeRow>[] {
  const count = (id: 'received' | 'duplicate' | 'quarantined' | 'metric_only' | 'metered', tone?: 'warn') => ({
    id,
    header: t(`accounting.${id}`),
    numeric: true,
    cell: (row: IntakeRow) => <Quiet value={row[id]} tone={tone} />,
  })
  return [
    { id: 'hour', header: t('accounting.hour'), class: 'whitespace-nowrap', cell: (row) => say.instant(row.hour) },
    { id: 'source', header: t('accounting.source'), class: 'whitespace-nowrap', cell: (row) => nameOf(row.source_id) },
    count('received'),
    count('duplicate'),
    count('quarantined', 'warn'),
    count('metric_only'),
    count('metered'),
    {
      id: 'balanced',
      header: t('accounting.balanced'),
      class: 'whitespace-nowrap',
      cell: (row) => <Balanced balanced={row.balanced} />,
    },
  ]
}

function meterColumns(): TableColumn<MeterRow>[] {
  const count = (id: 'metered' | 'rated' | 'unrated' | 'unowned' | 'covered' | 'pending', tone?: 'warn') => ({
    id,
    header: t(`accounting.${id}`),
    numeric: true,
    cell: (row: MeterRow) => <Quiet value={row[id]} tone={tone} />,
  })
  return [
    { id: 'hour', header: t('accounting.hour'), class: 'whitespace-nowrap', cell: (row) => say.instant(row.hour) },
    { id: 'meter', header: t('accounting.meter'), class: 'whitespace-nowrap', cell: (row) => meterText(row.meter) },
    count('metered'),
    count('rated'),
    count('unrated'),
    count('unowned', 'warn'),
    count('covered'),
    count('pending'),
    {
      id: 'balanced',
      header: t('accounting.balanced'),
      class: 'whitespace-nowrap',
      cell: (row) => <Balanced balanced={row.balanced} />,
    },
  ]
}
