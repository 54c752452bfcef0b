/** A tenant's usage by day: the month's sums, one of them as bars, and each day in numbers. */
import { useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import ChevronLeft from 'lucide-solid/icons/chevron-left'
import ChevronRight from 'lucide-solid/icons/chevron-right'
import Download from 'lucide-solid/icons/download'
import { Show } from 'solid-js'
import type { AccountUsage } from '../api.ts'
import { links } from '../links.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { addAmounts } from '../kit/amount.ts'
import { buttonClass, IconButton } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { Load } from '../parts/load.tsx'
import { monthAt } from '../parts/month-bill.tsx'
import { Page, Section } from '../parts/page.tsx'
import { ProjectFilter } from '../parts/project-choice.tsx'
import { createTenant } from '../parts/tenant.ts'
import { componentText, keyOf, type Measured, unitText, UsageBars } from '../parts/usage-bars.tsx'
import { queries } from '../queries.ts'

export default function MyUsage() {
  const tenant = createTenant()
  return <Show when={tenant.account()}>{(account) => <UsageOf account={account().id} />}</Show>
}

function UsageOf(props: { account: string }) {
  const [search, setSearch] = useSearchParams()
  const text = (name: string) => {
    const value = search[name]
    return typeof value === 'string' ? value : ''
  }
  const usage = useQuery(() => queries.usage(props.account, text('month'), text('project')))
  const shown = () => (usage.status === 'success' ? usage.data : undefined)
  const month = () => text('month') || (shown()?.month ?? '')
  const present = new Date().toISOString().slice(0, 7)
  const go = (step: number) => {
    const next = monthAt(month(), step)
    setSearch({ month: next === present ? undefined : next })
  }
  return (
    <Page
      title={t('my.usage')}
      lead={<Show when={shown()}>{(one) => t('my.usage_lead', { zone: one().zone })}</Show>}
      curl={[`/accounts/${props.account}/usage`]}
      actions={
        <>
          <ProjectFilter
            account={props.account}
            value={text('project')}
            onChange={(project) => setSearch({ project: project || undefined })}
          />
          <span class="inline-flex items-center gap-1">
            <IconButton label={t('my.month_before')} onClick={() => go(-1)}>
              <ChevronLeft size={18} />
            </IconButton>
            <span class="min-w-32 text-center text-sm font-medium first-letter:uppercase">
              {month() ? say.month(`${month()}-15T12:00:00Z`, 'UTC') : ''}
            </span>
            <IconButton label={t('my.month_after')} onClick={() => go(1)} disabled={month() >= present}>
              <ChevronRight size={18} />
            </IconButton>
          </span>
          <a
            class={buttonClass()}
            href={links.usageCsv(props.account, { month: text('month'), project_id: text('project') })}
            download={`usage-${month()}.csv`}
            rel="external"
          >
            <Download size={16} />
            CSV
          </a>
        </>
      }
    >
      <Load query={usage}>
        {(data) => (
          <div class="flex flex-col gap-4">
            <Section title={t('my.by_day')}>
              <UsageBars usage={data()} component={text('of')} />
            </Section>
            <Show when={sumsOf(data()).length > 0}>
              <Section title={t('my.sums')} lead={t('my.sums_lead')}>
                <Table
                  label={t('my.sums')}
                  rows={sumsOf(data())}
                  columns={sumColumns(data(), text('of'), (of) =>
                    setSearch({ of: of || undefined }, { replace: true }),
                  )}
                />
              </Section>
              <Section title={t('my.days')}>
                <Table label={t('my.days')} dense rows={data().days.toReversed()} columns={dayColumns(data())} />
              </Section>
            </Show>
          </div>
        )}
      </Load>
    </Page>
  )
}

interface Sum extends Measured {
  quantity: string
  amount: string | null
}
function sumsOf({ days }: AccountUsage): Sum[] {
  const groups = Map.groupBy(
    days.flatMap((day) => day.items),
    keyOf,
  )
  return [...groups.values()].flatMap((items) => {
    const [first] = items
    if (!first) return []
    const { component, unit, per } = first
    const amounts = items.flatMap((one) => one.amount ?? [])
    return {
      component,
      unit,
      per,
      quantity: addAmounts(items.map((one) => one.quantity)),
      amount: amounts.length > 0 ? addAmounts(amounts) : null,
    }
  })
}

const sumColumns = (usage: AccountUsage, chosen: string, choose: (of: string) => void): TableColumn<Sum>[] => [
  {
    id: 'component',
    header: t('my.component'),
    class: 'min-w-28',
    cell: (row) => (
      <button
        type="button"
        aria-pressed={chosen === keyOf(row)}
        class={`rounded text-left ${chosen === keyOf(row) ? 'font-medium text-accent-text' : 'text-text hover:text-accent-text'}`}
        onClick={() => choose(chosen === keyOf(row) ? '' : keyOf(row))}
      >
        {componentText(row.component).meter}
        <span class="block text-[0.8125rem] font-normal text-muted">{componentText(row.component).kind}</span>
      </button>
    ),
  },
  {
    id: 'quantity',
    header: t('my.quantity'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => `${say.decimal(row.quantity, 3)} ${unitText(row)}`,
  },
  ...amountColumn<Sum>(usage),
]

/** Only for those who may see what it costs. */
const amountColumn = <Row extends { amount: string | null }>({ currency, days }: AccountUsage): TableColumn<Row>[] =>
  currency !== null && days.some((day) => day.amount !== null)
    ? [
        {
          id: 'amount',
          header: t('my.amount'),
          numeric: true,
          cell: (row) => (row.amount === null ? '–' : say.money(row.amount, currency)),
        },
      ]
    : []

const dayColumns = (usage: AccountUsage): TableColumn<AccountUsage['days'][number]>[] => [
  {
    id: 'date',
    header: t('my.date'),
    class: 'whitespace-nowrap',
    cell: (row) => say.shortDate(`${row.date}T12:00:00Z`),
  },
  ...sumsOf(usage).map((sum) => ({
    id: keyOf(sum),
    header: `${componentText(sum.component).meter} (${unitText(sum)})`,
    numeric: true,
    wideOnly: true,
    cell: (row: AccountUsage['days'][number]) => {
      const item = row.items.find((one) => keyOf(one) === keyOf(sum))
      return item ? say.decimal(item.quantity, 3) : '–'
    },
  })),
  ...amountColumn<AccountUsage['days'][number]>(usage),
]
