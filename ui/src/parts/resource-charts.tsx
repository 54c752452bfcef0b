/** The charts of a resource over one shared time range: CPU, memory, network, disk. */
import { useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import LineChart from 'lucide-solid/icons/chart-line'
import { createMemo, For, lazy, Show, Suspense } from 'solid-js'
import type { History, ResourceDetail, Series } from '../api.ts'
import { locale, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import type { ChartMark, ChartSeries } from '../kit/chart-options.ts'
import { EmptyState } from '../kit/empty.tsx'
import { Choice } from '../kit/field.tsx'
import { Skeleton } from '../kit/skeleton.tsx'
import { shownTheme } from '../preferences.ts'
import { queries } from '../queries.ts'
import { Load } from './load.tsx'
import { Section } from './page.tsx'
import { cpuLoad, memorySeries, summaryOf, totalOf } from './series-rules.ts'

const Chart = lazy(() => import('../kit/chart.tsx'))
const HOURS = [1, 6, 24] as const
const POINTS = 360
const HOUR_MS = 3_600_000

interface ChartSpec {
  title: string
  series: ChartSeries[]
  format: (value: number) => string
  max?: number
  binary?: boolean
}

const perSecond = (value: number) => `${say.bytes(value)}/s`

function chartsOf(data: Series): ChartSpec[] {
  const cpu = cpuLoad(data.series)
  const memory = memorySeries(data.series)
  const charts: ChartSpec[] = []
  if (cpu)
    charts.push({
      title: t('resource.cpu'),
      max: 1,
      format: say.percent,
      series: [{ label: t('resource.used'), colour: '--chart-1', values: cpu, area: true }],
    })
  if (memory)
    charts.push({
      title: t('resource.memory'),
      format: say.bytes,
      binary: true,
      series: [
        { label: t('resource.used'), colour: '--chart-1', values: memory.used, area: true },
        ...(memory.total ? [{ label: t('resource.total'), colour: '--chart-5', values: memory.total }] : []),
      ],
    })
  const pairs = [
    {
      title: t('resource.network'),
      parts: [
        ['network_receive_bytes', t('resource.in')],
        ['network_transmit_bytes', t('resource.out')],
      ],
    },
    {
      title: t('resource.disk_io'),
      parts: [
        ['disk_read_bytes', t('resource.read')],
        ['disk_write_bytes', t('resource.write')],
      ],
    },
  ] as const
  for (const { title, parts } of pairs) {
    const series = parts.flatMap(([metric, label], index): ChartSeries[] => {
      const values = totalOf(data.series, metric)
      return values ? [{ label, colour: index === 0 ? '--chart-2' : '--chart-3', values }] : []
    })
    if (series.length > 0) charts.push({ title, series, format: perSecond, binary: true })
  }
  return charts
}

const summaryText = (chart: ChartSpec): string =>
  chart.series
    .map((one) => {
      const summary = summaryOf(one.values)
      if (!summary) return ''
      const { mean, max, last } = summary
      return t('resource.chart_summary', {
        name: `${chart.title}, ${one.label}`,
        mean: chart.format(mean),
        max: chart.format(max),
        last: chart.format(last),
      })
    })
    .filter(Boolean)
    .join('. ')

/** Where something changed: a new observed version, a new owner. */
function marksOf(history: History | undefined): ChartMark[] {
  if (!history) return []
  const starts = [...history.observed, ...history.assigned].flatMap((one) => (one.from ? [Date.parse(one.from)] : []))
  return [...new Set(starts)].map((at_ms) => ({ at_ms, label: '' }))
}

export function ResourceCharts(props: { resource: ResourceDetail }) {
  const [search, setSearch] = useSearchParams()
  const zoom = () => {
    const { from, to } = search
    return typeof from === 'string' && typeof to === 'string' ? { from, to } : null
  }
  const hours = () => HOURS.find((one) => String(one) === search['hours']) ?? 1
  const range = () => zoom() ?? { length_ms: hours() * HOUR_MS }
  const query = useQuery(() => queries.series(props.resource.id, range(), POINTS))
  const history = useQuery(() => queries.history(props.resource.id))
  const marks = createMemo(() => marksOf(history.status === 'success' ? history.data : undefined))
  const onZoom = (from_ms: number, to_ms: number) =>
    setSearch({ from: new Date(from_ms).toISOString(), to: new Date(to_ms).toISOString() }, { replace: true })
  const setHours = (value: string) => setSearch({ hours: value, from: undefined, to: undefined }, { replace: true })
  return (
    <Section
      title={t('resource.charts')}
      lead={<Show when={marks().length > 0}>{t('resource.event_marks')}</Show>}
      actions={
        <>
          <Show when={zoom()}>
            <Button size="small" variant="ghost" onClick={() => setHours(String(hours()))}>
              {t('resource.zoom_out')}
            </Button>
          </Show>
          <Choice
            legend={t('resource.range')}
            hideLegend
            value={zoom() ? '' : String(hours())}
            choices={HOURS.map((value) => ({ value: String(value), label: t('resource.hours', value) }))}
            onChange={setHours}
          />
        </>
      }
    >
      <Load query={query} skeleton={<ChartsSkeleton />}>
        {(data) => {
          const charts = createMemo(() => chartsOf(data()))
          const at = createMemo(() => data().at.map((text) => Date.parse(text) / 1000))
          const isEmpty = () => charts().every((chart) => chart.series.every((one) => summaryOf(one.values) === null))
          return (
            <Show when={!isEmpty()} fallback={<NoSeries />}>
              <Suspense fallback={<ChartsSkeleton />}>
                <div class="grid gap-x-8 gap-y-6 p-4 lg:grid-cols-2">
                  <For each={charts()}>
                    {(chart) => (
                      <Chart
                        {...chart}
                        at={at()}
                        marks={marks()}
                        syncKey={props.resource.id}
                        locale={locale()}
                        timeText={say.instant}
                        theme={shownTheme()}
                        summary={summaryText(chart)}
                        onZoom={onZoom}
                      />
                    )}
                  </For>
                </div>
              </Suspense>
            </Show>
          )
        }}
      </Load>
    </Section>
  )
}

const NoSeries = () => (
  <EmptyState icon={<LineChart size={20} />} title={t('resource.no_series')} text={t('resource.no_series_text')} />
)

const ChartsSkeleton = () => (
  <div class="grid gap-x-8 gap-y-6 p-4 lg:grid-cols-2" role="status" aria-label={t('common.loading')}>
    <For each={[1, 2, 3, 4]}>{() => <Skeleton class="h-49 w-full" />}</For>
  </div>
)
