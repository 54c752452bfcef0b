/** The bill of a month as it grows by the day, with what it will come to at this pace, and what of the allowances was used. */
import { useQuery } from '@tanstack/solid-query'
import ChevronLeft from 'lucide-solid/icons/chevron-left'
import ChevronRight from 'lucide-solid/icons/chevron-right'
import { Show } from 'solid-js'
import type { MonthBill as Bill, Overage } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { IconButton } from '../kit/button.tsx'
import { Growth } from '../kit/growth.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { queries } from '../queries.ts'
import { LimitBadge } from './limit-state.tsx'
import { Load } from './load.tsx'
import { Section } from './page.tsx'
import { componentText, unitText } from './usage-bars.tsx'

/** "2026-01" and −1 → "2025-12". */
export function monthAt(month: string, step: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + step, 1)).toISOString().slice(0, 7)
}

interface Props {
  account: string
  /** "2026-11"; empty: the present one */
  month: string
  onMonth: (month: string) => void
}

export function MonthBill(props: Props) {
  const bill = useQuery(() => queries.monthBill(props.account, props.month))
  const present = useQuery(() => queries.monthBill(props.account, ''))
  const standings = useQuery(() => queries.standings(props.account))
  const budget = () =>
    standings.status === 'success' ? standings.data?.items.find((one) => one.kind === 'budget') : undefined
  const shown = () => (bill.status === 'success' ? bill.data : undefined)
  const last = () => (present.status === 'success' ? present.data?.month : undefined)
  const month = () => props.month || (shown()?.month ?? '')
  const go = (step: number) => {
    const next = monthAt(month(), step)
    props.onMonth(next === last() ? '' : next)
  }
  return (
    <>
      <Section
        title={t('limits.month')}
        lead={<Show when={shown()}>{(one) => t('limits.month_lead', { zone: one().zone })}</Show>}
        actions={
          <span class="inline-flex items-center gap-1">
            {/* from which month is known once it is shown */}
            <IconButton label={t('my.month_before')} onClick={() => go(-1)} disabled={month() === ''}>
              <ChevronLeft size={18} />
            </IconButton>
            <span class="min-w-32 text-center text-sm font-medium first-letter:uppercase">
              {month() ? say.month(`${month()}-15T12:00:00Z`, 'UTC') : ''}
            </span>
            <IconButton label={t('my.month_after')} onClick={() => go(1)} disabled={month() >= (last() ?? month())}>
              <ChevronRight size={18} />
            </IconButton>
          </span>
        }
      >
        <Load query={bill}>
          {(data) => (
            <Grown bill={data()} budget={budget()?.month === data().month ? budget()?.limit_amount : undefined} />
          )}
        </Load>
      </Section>
      <Show when={shown()?.overage.length ? shown() : undefined}>{(data) => <Allowances bill={data()} />}</Show>
    </>
  )
}

function Grown(props: { bill: Bill; budget: string | undefined }) {
  const money = (amount: string) => say.money(amount, props.bill.currency ?? 'EUR')
  const points = () =>
    props.bill.days.map((day) => ({
      day: Number(day.date.slice(8)),
      value: Number(day.so_far.total),
      text: t('limits.day', {
        date: say.date(`${day.date}T12:00:00Z`, 'UTC'),
        amount: money(day.total),
        so_far: money(day.so_far.total),
      }),
    }))
  const forecastText = () => {
    const { forecast } = props.bill
    if (!forecast) return ''
    const of = { amount: money(forecast.total), per_day: money(forecast.per_day), days: String(forecast.days) }
    return t(`limits.forecast_${forecast.basis}`, of)
  }
  return (
    <Show
      when={props.bill.days.length > 0}
      fallback={<p class="m-0 px-4 py-8 text-center text-sm text-muted">{t('limits.no_bill')}</p>}
    >
      <div class="flex flex-col gap-4 px-4 py-4">
        <dl class="tabular m-0 flex flex-wrap gap-x-8 gap-y-2">
          <div>
            <dt class="text-[0.8125rem] text-muted">{t('limits.so_far')}</dt>
            <dd class="m-0 text-lg font-semibold" data-month-total>
              {money(props.bill.totals.total)}
            </dd>
          </div>
          <Show when={props.bill.forecast}>
            {(forecast) => (
              <div>
                <dt class="text-[0.8125rem] text-muted">{t('limits.expected')}</dt>
                <dd class="m-0 text-lg font-semibold text-muted" data-month-forecast>
                  ≈ {money(forecast().total)}
                </dd>
              </div>
            )}
          </Show>
        </dl>
        <Growth
          label={`${t('limits.month')}: ${points().at(-1)?.text ?? ''}. ${forecastText()}`}
          points={points()}
          days={Number(props.bill.last_day.slice(8))}
          forecast={
            props.bill.forecast ? { value: Number(props.bill.forecast.total), text: forecastText() } : undefined
          }
          limit={
            props.budget === undefined
              ? undefined
              : { value: Number(props.budget), text: `${t('limits.budget')}: ${money(props.budget)}` }
          }
          format={(value) => say.compactMoney(value, props.bill.currency ?? 'EUR')}
        />
        <Show when={forecastText()}>
          <p class="m-0 text-[0.8125rem] text-muted">{forecastText()}</p>
        </Show>
      </div>
    </Show>
  )
}

const quantity = (row: Overage, of: 'included' | 'included_month' | 'used' | 'over') =>
  `${say.decimal(row[of], 3)} ${unitText(row)}`

function Allowances(props: { bill: Bill }) {
  const columns = (): TableColumn<Overage>[] => [
    {
      id: 'resource',
      header: t('limits.resource'),
      class: 'min-w-32',
      cell: (row) => (
        <>
          <span class="font-medium">{row.resource.name}</span>
          <span class="block text-[0.8125rem] text-muted">{componentText(row.component).meter}</span>
        </>
      ),
    },
    {
      id: 'included',
      header: t('limits.included'),
      numeric: true,
      wideOnly: true,
      class: 'whitespace-nowrap',
      cell: (row) => (
        <span title={t('limits.included_month', { amount: quantity(row, 'included_month') })}>
          {quantity(row, 'included')}
        </span>
      ),
    },
    {
      id: 'used',
      header: t('limits.used'),
      numeric: true,
      class: 'whitespace-nowrap',
      cell: (row) => quantity(row, 'used'),
    },
    {
      id: 'over',
      header: t('limits.over'),
      numeric: true,
      class: 'whitespace-nowrap',
      cell: (row) => quantity(row, 'over'),
    },
    {
      id: 'amount',
      header: t('my.amount'),
      numeric: true,
      cell: (row) => say.money(row.amount, props.bill.currency ?? 'EUR'),
    },
    {
      id: 'state',
      header: t('limits.how'),
      cell: (row) => <Show when={row.state}>{(state) => <LimitBadge state={state()} />}</Show>,
    },
  ]
  return (
    <Section
      title={t('limits.overage')}
      lead={t('limits.overage_lead', {
        amount: say.money(props.bill.overage_amount ?? '0', props.bill.currency ?? 'EUR'),
      })}
    >
      <Table label={t('limits.overage')} rows={props.bill.overage} columns={columns()} />
    </Section>
  )
}
