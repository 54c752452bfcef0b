/** Budget, limits and allowances of an account in this month, with how near to each it is. */
import { A } from '@solidjs/router'
import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query'
import Trash from 'lucide-solid/icons/trash'
import { createSignal, Show } from 'solid-js'
import { api, type Standing, type UsageLimit } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { LimitDialog } from './limit-dialog.tsx'
import { LimitBadge } from './limit-state.tsx'
import { Load } from './load.tsx'
import { Section } from './page.tsx'
import { FilterOne } from './resource-filters.tsx'
import { createTenant } from './tenant.ts'

interface Props {
  account: string
  currency: string | undefined
  /** one of the states, or empty: all */
  chosen: string
  onChoose: (state: string) => void
}

const STATES = ['over', 'approaching', 'normal'] as const

/** A limit that was set and not looked at yet stands with what is known of it. */
interface Row {
  limit: UsageLimit | undefined
  standing: Standing | undefined
}
function rowsOf(limits: readonly UsageLimit[], standings: readonly Standing[], chosen: string): Row[] {
  const told = standings.map((standing) => ({
    standing,
    limit: limits.find((one) => one.id === standing.limit_id),
  }))
  const untold = limits
    .filter((one) => !standings.some((standing) => standing.limit_id === one.id))
    .map((limit) => ({ limit, standing: undefined }))
  return [...told, ...untold].filter(({ standing }) => chosen === '' || standing?.state === chosen)
}

export function Standings(props: Props) {
  const tenant = createTenant()
  const client = useQueryClient()
  const standings = useQuery(() => queries.standings(props.account))
  const limits = useQuery(() => queries.limits(props.account))
  const [setting, setSetting] = createSignal(false)
  const mayChange = () => tenant.has('accounts.write')
  const known = () => (limits.status === 'success' ? (limits.data?.items ?? []) : [])
  const remove = useMutation(() => ({
    mutationFn: (id: string) => api.removeLimit(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['limits'] }),
  }))
  return (
    <Section
      title={t('limits.title')}
      lead={t('limits.lead')}
      actions={
        <>
          <FilterOne
            label={t('limits.how')}
            value={props.chosen}
            options={[
              { value: '', label: t('limits.all') },
              ...STATES.map((value) => ({ value, label: t(`limits.state.${value}`) })),
            ]}
            onChange={props.onChoose}
          />
          <Show when={mayChange()}>
            <Button onClick={() => setSetting(true)}>{t('limits.set_budget')}</Button>
          </Show>
        </>
      }
    >
      <Load query={standings}>
        {(data) => (
          <Show
            when={rowsOf(known(), data().items, props.chosen).length > 0}
            fallback={<p class="m-0 px-4 py-6 text-sm text-muted">{t('limits.none')}</p>}
          >
            <Table
              label={t('limits.title')}
              rows={rowsOf(known(), data().items, props.chosen)}
              columns={columns(mayChange() ? (id) => remove.mutate(id) : null, props.currency)}
            />
          </Show>
        )}
      </Load>
      <Show when={setting()}>
        <LimitDialog
          account={props.account}
          currency={props.currency}
          amount={known().find((one) => one.resource === null)?.amount ?? ''}
          onClose={() => setSetting(false)}
        />
      </Show>
    </Section>
  )
}

/** A share in whole per cent, by integers as far as a page needs it. */
const percentText = ({ used, limit_amount }: Standing): string =>
  Number(limit_amount) > 0 ? say.percent(Number(used) / Number(limit_amount)) : '–'

const amountText = (row: Row, of: 'used' | 'limit_amount', currency: string | undefined): string => {
  const { standing, limit } = row
  const amount = standing?.[of] ?? (of === 'limit_amount' ? limit?.amount : undefined)
  if (amount === undefined) return '–'
  const isBudget = (standing?.kind ?? (limit?.resource ? 'limit' : 'budget')) === 'budget'
  if (isBudget) return say.money(amount, standing?.unit ?? currency ?? 'EUR')
  return `${say.decimal(amount, 3)} ${(standing?.unit ?? limit?.unit ?? '').replace(/·(hour|month)$/, (_all, per: string) => `·${t(per === 'hour' ? 'my.per_hour' : 'my.per_month')}`)}`
}

const nameOf = ({ standing, limit }: Row) => {
  const resource = standing?.resource ?? limit?.resource
  const meter = standing?.meter ?? limit?.meter
  return (
    <Show when={resource} fallback={<span class="font-medium">{t('limits.budget')}</span>}>
      {(one) => (
        <>
          <A href={paths.resource(one().id)} class="font-medium text-text hover:text-accent-text">
            {one().name}
          </A>
          <span class="block text-[0.8125rem] text-muted">
            {meter ? t(`meter.${meter}`) : ''} · {t(`limits.kind.${standing?.kind ?? 'limit'}`)}
          </span>
        </>
      )}
    </Show>
  )
}

const columns = (remove: ((id: string) => void) | null, currency: string | undefined): TableColumn<Row>[] => [
  { id: 'name', header: t('limits.what'), class: 'min-w-32', cell: nameOf },
  {
    id: 'used',
    header: t('limits.used'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => amountText(row, 'used', currency),
  },
  {
    id: 'limit',
    header: t('limits.limit'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => amountText(row, 'limit_amount', currency),
  },
  {
    id: 'part',
    header: '%',
    numeric: true,
    wideOnly: true,
    cell: ({ standing }) => (standing ? percentText(standing) : '–'),
  },
  {
    id: 'state',
    header: t('limits.how'),
    cell: ({ standing }) => (
      <Show when={standing} fallback={<span class="text-muted">{t('limits.not_yet')}</span>}>
        {(one) => <LimitBadge state={one().state} />}
      </Show>
    ),
  },
  ...(remove
    ? [
        {
          id: 'remove',
          header: t('limits.remove'),
          hideHeader: true,
          class: 'w-12 text-right',
          cell: ({ limit }: Row) => (
            <Show when={limit}>
              {(one) => (
                <IconButton label={t('limits.remove')} onClick={() => remove(one().id)}>
                  <Trash size={16} />
                </IconButton>
              )}
            </Show>
          ),
        },
      ]
    : []),
]
