/** A queue page after page, and the columns of each. */
import { A } from '@solidjs/router'
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/solid-query'
import CircleCheck from 'lucide-solid/icons/circle-check'
import type { JSX } from 'solid-js'
import { Show } from 'solid-js'
import type { StuckAccount, UnownedResource, UnratedUsage } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import type { TableColumn } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { monthText } from './close-state.tsx'
import { Load } from './load.tsx'
import { MoreRows } from './more-rows.tsx'

interface Props<T> {
  query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>, Error>
  children: (rows: T[]) => JSX.Element
}
export function QueueList<T>(props: Props<T>) {
  return (
    <Load query={props.query}>
      {(data) => {
        const rows = () => data().pages.flatMap((page) => page.items)
        return (
          <Show
            when={rows().length > 0}
            fallback={
              <EmptyState icon={<CircleCheck size={20} />} title={t('queues.empty')} text={t('queues.empty_text')} />
            }
          >
            {props.children(rows())}
            <MoreRows query={props.query} />
          </Show>
        )
      }}
    </Load>
  )
}

const Estimate = (props: { of: UnratedUsage['estimate'] }) => (
  <Show when={props.of} fallback={<span class="text-muted">{t('queues.no_price')}</span>}>
    {(of) => <span class="font-medium whitespace-nowrap">≈ {say.money(of().amount, of().currency)}</span>}
  </Show>
)
const Remedy = (props: { href: string; text: string; of: string }) => (
  <A href={props.href} class={buttonClass('secondary', 'small')} aria-label={`${props.text}: ${props.of}`}>
    {props.text}
  </A>
)
const remedy = <T,>(cell: (row: T) => JSX.Element): TableColumn<T> => ({
  id: 'remedy',
  header: t('common.actions'),
  hideHeader: true,
  class: 'text-right whitespace-nowrap',
  cell,
})

export const unratedColumns = (): TableColumn<UnratedUsage>[] => [
  {
    id: 'account',
    header: t('invoices.account'),
    class: 'min-w-36',
    cell: (row) => (
      <A href={paths.draft(row.account.id)} class="rounded font-medium text-text hover:text-accent-text">
        {row.account.name}
      </A>
    ),
  },
  {
    id: 'usage',
    header: t('queues.usage'),
    class: 'min-w-32',
    cell: (row) => (
      <>
        {t(`kind.${row.kind}`)} · {t(`meter.${row.meter}`)}
        <Show when={row.index}>
          {(name) => <span class="block text-[0.8125rem] text-muted">{t('indexes.silent', { name: name() })}</span>}
        </Show>
      </>
    ),
  },
  {
    id: 'machines',
    header: t('queues.machines'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.decimal(row.resources),
  },
  { id: 'hours', header: t('queues.hours'), numeric: true, cell: (row) => say.decimal(row.hours, 2) },
  {
    id: 'since',
    header: t('queues.since'),
    wideOnly: true,
    class: 'whitespace-nowrap',
    cell: (row) => say.instant(row.since),
  },
  { id: 'estimate', header: t('queues.estimate'), numeric: true, cell: (row) => <Estimate of={row.estimate} /> },
  remedy((row) => (
    <Remedy
      href={row.index ? paths.priceIndexes : `${paths.prices}?set=1&kind=${row.kind}&meter=${row.meter}`}
      text={t(row.index ? 'indexes.publish' : 'queues.set_price')}
      of={`${row.account.name}, ${t(`meter.${row.meter}`)}`}
    />
  )),
]

export const unownedColumns = (): TableColumn<UnownedResource>[] => [
  {
    id: 'machine',
    header: t('queues.machine'),
    class: 'min-w-40',
    cell: (row) => (
      <>
        <A href={paths.resource(row.resource.id)} class="rounded font-medium text-text hover:text-accent-text">
          {row.resource.name}
        </A>
        <span class="block text-[0.8125rem] text-muted">{t(`kind.${row.resource.kind}`)}</span>
      </>
    ),
  },
  {
    id: 'since',
    header: t('queues.since'),
    class: 'whitespace-nowrap',
    cell: (row) => (row.since === null ? '–' : say.instant(row.since)),
  },
  { id: 'estimate', header: t('queues.per_month'), numeric: true, cell: (row) => <Estimate of={row.estimate} /> },
  remedy((row) => <Remedy href={paths.resource(row.resource.id)} text={t('queues.assign')} of={row.resource.name} />),
]

export const stuckColumns = (which: 'parked' | 'blocked'): TableColumn<StuckAccount>[] => [
  {
    id: 'account',
    header: t('invoices.account'),
    class: 'min-w-36',
    cell: (row) => (
      <A href={paths.draft(row.account.id)} class="rounded font-medium text-text hover:text-accent-text">
        {row.account.name}
      </A>
    ),
  },
  {
    id: 'month',
    header: t('queues.month'),
    class: 'whitespace-nowrap',
    cell: (row) => (
      <A href={paths.close(row.close.id)} class="text-link">
        {monthText(row.close.month)}
      </A>
    ),
  },
  {
    id: 'net',
    header: t('invoices.net'),
    numeric: true,
    cell: (row) => (row.net === null ? '–' : say.money(row.net, row.currency)),
  },
  remedy((row) =>
    which === 'parked' ? (
      <Remedy href={paths.close(row.close.id)} text={t('queues.retry')} of={row.account.name} />
    ) : (
      <Remedy href={paths.draft(row.account.id)} text={t('queues.accept')} of={row.account.name} />
    ),
  ),
]
