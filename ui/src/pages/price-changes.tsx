/** Sets of decisions about prices: drafts, what was published, what was given up; and what-ifs on them. */
import { A, useNavigate, useSearchParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/solid-query'
import Layers from 'lucide-solid/icons/layers'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, Show } from 'solid-js'
import { api, type PriceChange, type WhatIf } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { subtractAmounts } from '../kit/amount.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Choice } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { nameText } from '../parts/person-name.ts'
import { changeName, ChangeState, More, signedMoney, WhatIfState } from '../parts/repricing.tsx'
import { NamedDialog } from '../parts/repricing-dialogs.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const STATES = ['published', 'draft', 'discarded'] as const
type State = (typeof STATES)[number]

export default function PriceChanges() {
  const [search, setSearch] = useSearchParams()
  const state = (): State => STATES.find((one) => one === search['state']) ?? 'published'
  const client = useQueryClient()
  const navigate = useNavigate()
  const may = createMay()
  const [beginning, setBeginning] = createSignal(false)
  const query = useInfiniteQuery(() => queries.priceChanges(state()))
  return (
    <Page
      title={t('repricing.changes')}
      lead={t('repricing.changes_lead')}
      above={<BackLink href={paths.prices} label={t('prices.title')} />}
      curl={['/price-changes', '/what-ifs']}
      actions={
        <>
          <A href={paths.recalculation} class={buttonClass()}>
            {t('repricing.recalculate')}
          </A>
          <Button
            variant="primary"
            icon={<Plus size={16} />}
            onClick={() => setBeginning(true)}
            {...may('catalog.write')}
          >
            {t('repricing.new_draft')}
          </Button>
        </>
      }
    >
      <div class="flex flex-col gap-4">
        <section class="card min-w-0" aria-label={t('repricing.changes')}>
          <header class="border-b border-line px-4 py-3">
            <Choice
              legend={t('closing.show')}
              hideLegend
              value={state()}
              onChange={(value) => setSearch({ state: value }, { replace: true })}
              choices={STATES.map((value) => ({ value, label: t(`repricing.view.${value}`) }))}
            />
          </header>
          <Load query={query}>
            {(data) => (
              <Show
                when={data().pages.some((page) => page.items.length > 0)}
                fallback={
                  <EmptyState
                    icon={<Layers size={20} />}
                    title={t('repricing.no_changes')}
                    text={t('repricing.no_changes_text')}
                  />
                }
              >
                <Table
                  label={t('repricing.changes')}
                  columns={columns()}
                  rows={data().pages.flatMap((page) => page.items)}
                />
                <More
                  has={query.hasNextPage}
                  busy={query.isFetchingNextPage}
                  onMore={() => void query.fetchNextPage()}
                />
              </Show>
            )}
          </Load>
        </section>
        <Show when={!may('catalog.write').disabled}>
          <WhatIfs />
        </Show>
      </div>
      <Show when={beginning()}>
        <NamedDialog
          title={t('repricing.new_draft')}
          text={t('repricing.draft_text')}
          button={t('repricing.new_draft')}
          needs={{ name: true, reason: false }}
          run={({ name, reason }) => api.addPriceChange({ name, reason })}
          onDone={(made) => {
            void client.invalidateQueries({ queryKey: ['price-changes'] })
            navigate(paths.priceChange(made.id))
          }}
          onClose={() => setBeginning(false)}
        />
      </Show>
    </Page>
  )
}

const columns = (): TableColumn<PriceChange>[] => [
  {
    id: 'name',
    header: t('repricing.name'),
    class: 'min-w-44',
    cell: (row) => (
      <A href={paths.priceChange(row.id)} class="rounded font-medium text-text hover:text-accent-text">
        {changeName(row)}
      </A>
    ),
  },
  { id: 'state', header: t('closing.state'), cell: (row) => <ChangeState change={row} /> },
  { id: 'prices', header: t('prices.title'), numeric: true, cell: (row) => say.decimal(row.prices) },
  {
    id: 'from',
    header: t('repricing.holds_from'),
    class: 'whitespace-nowrap',
    cell: (row) => say.instant(row.effective_at),
  },
  {
    id: 'by',
    header: t('repricing.by'),
    wideOnly: true,
    cell: (row) => nameText(row.decided_by ?? row.created_by),
  },
  {
    id: 'at',
    header: t('repricing.at'),
    wideOnly: true,
    class: 'whitespace-nowrap',
    cell: (row) => say.instant(row.decided_at ?? row.created_at),
  },
]

function WhatIfs() {
  const query = useQuery(() => queries.whatIfs())
  return (
    <Section title={t('repricing.what_ifs')} lead={t('repricing.what_ifs_lead')}>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={<p class="m-0 px-4 py-6 text-sm text-muted">{t('repricing.no_what_ifs')}</p>}
          >
            <WhatIfTable items={data().items} />
          </Show>
        )}
      </Load>
    </Section>
  )
}

const WhatIfTable = (props: { items: readonly WhatIf[] }) => (
  <Table
    label={t('repricing.what_ifs')}
    rows={props.items}
    columns={[
      {
        id: 'draft',
        header: t('repricing.draft'),
        class: 'min-w-40',
        cell: (row) => (
          <A href={paths.whatIf(row.id)} class="rounded font-medium text-text hover:text-accent-text">
            {row.price_change.name}
          </A>
        ),
      },
      { id: 'months', header: t('repricing.months'), cell: (row) => t('repricing.month_count', row.months.length) },
      { id: 'state', header: t('closing.state'), cell: (row) => <WhatIfState state={row.state} /> },
      {
        id: 'delta',
        header: t('repricing.revenue_delta'),
        numeric: true,
        class: 'whitespace-nowrap',
        cell: (row) =>
          row.result ? signedMoney(subtractAmounts(row.result.after, row.result.before), row.currency) : '–',
      },
      {
        id: 'at',
        header: t('repricing.at'),
        wideOnly: true,
        class: 'whitespace-nowrap',
        cell: (row) => say.instant(row.started_at),
      },
    ]}
  />
)
