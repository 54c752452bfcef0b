/** Many prices at once: selected, changed, looked at on the last month's real usage, then applied or kept as a draft. */
import { useNavigate } from '@solidjs/router'
import { useInfiniteQuery, useQueryClient } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import Tag from 'lucide-solid/icons/tag'
import { createEffect, createMemo, createSignal, onCleanup, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import {
  api,
  type PreviewedPrice,
  type PriceChange,
  type RecalculationPreview,
  type RecalculationQuery,
} from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { subtractAmounts } from '../kit/amount.ts'
import { Button } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SelectField } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { monthText } from '../parts/close-state.tsx'
import { createSubmit } from '../parts/form.ts'
import { Load, ProblemNote } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { NO_WISH, RecalculationForm, wishOf } from '../parts/recalculation-form.tsx'
import { Content, deltaText, Figure, Marks, More, signedMoney } from '../parts/repricing.tsx'
import { NamedDialog } from '../parts/repricing-dialogs.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const WAIT_MS = 400
const SORTS = ['name', 'price', 'delta', 'accounts', 'revenue'] as const
type Sort = (typeof SORTS)[number]

export default function Recalculation() {
  const may = createMay()
  const [fields, setFields] = createStore({ ...NO_WISH })
  const wish = createMemo(() => wishOf(fields))
  const [asked, setAsked] = createSignal<RecalculationQuery>()
  createEffect(() => {
    const next = wish()
    const timer = setTimeout(() => setAsked(next ?? undefined), WAIT_MS)
    onCleanup(() => clearTimeout(timer))
  })
  return (
    <Page
      title={t('repricing.recalculate')}
      lead={t('repricing.recalculate_lead')}
      above={<BackLink href={paths.prices} label={t('prices.title')} />}
      wide
    >
      <div class="flex flex-col gap-4">
        <Section title={t('repricing.wish')}>
          <RecalculationForm fields={fields} set={setFields} />
        </Section>
        <Show
          when={!may('catalog.write').disabled && asked()}
          fallback={
            <div class="card">
              <EmptyState
                icon={<Tag size={20} />}
                title={t('repricing.nothing_yet')}
                text={t('repricing.nothing_yet_text')}
              />
            </div>
          }
          keyed
        >
          {(query) => <Preview query={query} />}
        </Show>
      </div>
    </Page>
  )
}

function Preview(props: { query: RecalculationQuery }) {
  const [sort, setSort] = createSignal<Sort>('name')
  const query = useInfiniteQuery(() =>
    queries.recalculation({ ...props.query, sort: sort(), order: sort() === 'name' ? 'asc' : 'desc' }),
  )
  return (
    <Section
      title={t('repricing.preview')}
      actions={
        <SelectField
          label={t('repricing.sort')}
          hideLabel
          value={sort()}
          options={SORTS.map((value) => ({ value, label: t(`repricing.sort_by.${value}`) }))}
          onChange={(value) => setSort(value as Sort)}
        />
      }
    >
      <Load query={query}>
        {(data) => (
          <Show when={data().pages[0]}>
            {(first) => (
              <>
                <Totals preview={first()} query={props.query} />
                <Show
                  when={first().prices > 0}
                  fallback={
                    <EmptyState icon={<Tag size={20} />} title={t('repricing.none')} text={t('repricing.none_text')} />
                  }
                >
                  <Table
                    label={t('repricing.preview')}
                    columns={columns(first())}
                    rows={data().pages.flatMap((page) => page.items)}
                  />
                  <More
                    has={query.hasNextPage}
                    busy={query.isFetchingNextPage}
                    onMore={() => void query.fetchNextPage()}
                  />
                </Show>
              </>
            )}
          </Show>
        )}
      </Load>
    </Section>
  )
}

function Totals(props: { preview: RecalculationPreview; query: RecalculationQuery }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const may = createMay()
  const [asking, setAsking] = createSignal<'apply' | 'draft'>()
  const money = (amount: string) => say.money(amount, props.preview.currency)
  const csv = createSubmit({ run: () => api.recalculationCsv(props.query), onDone: (file) => save(file, 'prices.csv') })
  const make = (name: string, reason: string) => {
    const { effective_at, ...recalculation } = props.query
    return api.addPriceChange({
      name,
      reason,
      recalculation,
      effective_at: effective_at ?? props.preview.effective_at,
      digest: props.preview.digest,
      publish: asking() === 'apply',
    })
  }
  const done = (made: PriceChange) => {
    for (const key of ['price-changes', 'prices', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
    navigate(paths.priceChange(made.id))
  }
  return (
    <div class="flex flex-col gap-4 border-b border-line px-4 py-3.5">
      <dl class="m-0 flex flex-wrap gap-x-8 gap-y-3">
        <Figure label={t('repricing.prices_change')} value={say.decimal(props.preview.prices)} />
        <Figure label={t('repricing.unchanged')} value={say.decimal(props.preview.unchanged)} />
        <Figure label={t('repricing.customers')} value={say.decimal(props.preview.accounts)} />
        <Figure
          label={t('repricing.revenue_before', { month: monthText(props.preview.month) })}
          value={money(props.preview.revenue_before)}
        />
        <Figure label={t('repricing.revenue_after')} value={money(props.preview.revenue_after)} />
        <Figure label={t('repricing.holds_from')} value={say.instant(props.preview.effective_at)} />
      </dl>
      <Marks marks={props.preview.not_computed} currency={props.preview.currency} />
      <Show when={props.preview.not_rated > 0}>
        <p class="m-0 text-sm text-warn">{t('repricing.not_rated', { count: say.decimal(props.preview.not_rated) })}</p>
      </Show>
      <div class="flex flex-wrap gap-2">
        <Button
          variant="primary"
          onClick={() => setAsking('apply')}
          {...may('catalog.write')}
          disabled={props.preview.prices === 0}
        >
          {t('repricing.apply', props.preview.prices)}
        </Button>
        <Button onClick={() => setAsking('draft')} {...may('catalog.write')} disabled={props.preview.prices === 0}>
          {t('repricing.keep_draft')}
        </Button>
        <Button icon={<Download size={15} />} busy={csv.busy()} onClick={() => void csv.submit(undefined)}>
          CSV
        </Button>
      </div>
      <Show when={csv.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <Show when={asking()} keyed>
        {(what) => (
          <NamedDialog
            title={what === 'apply' ? t('repricing.apply_title', props.preview.prices) : t('repricing.keep_draft')}
            text={
              what === 'apply'
                ? t('repricing.apply_text', { at: say.instant(props.preview.effective_at) })
                : t('repricing.draft_text')
            }
            button={what === 'apply' ? t('repricing.apply', props.preview.prices) : t('repricing.keep_draft')}
            needs={{ name: true, reason: what === 'apply' }}
            run={({ name, reason }) => make(name, reason)}
            onDone={done}
            onClose={() => setAsking(undefined)}
          />
        )}
      </Show>
    </div>
  )
}

/** A file that was answered, as the browser saves one. */
function save(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

const columns = ({ currency }: RecalculationPreview): TableColumn<PreviewedPrice>[] => [
  {
    id: 'price',
    header: t('repricing.price'),
    class: 'min-w-28 sm:min-w-44',
    cell: (row) => (
      <>
        <span class="block font-medium">{t(`meter.${row.meter}`)}</span>
        <span class="block text-[0.8125rem] text-muted">
          {t(`kind.${row.kind}`)} · {row.price_book.name}
        </span>
      </>
    ),
  },
  { id: 'before', header: t('repricing.before'), cell: (row) => <Content content={row.before} currency={currency} /> },
  {
    id: 'after',
    header: t('repricing.after'),
    cell: (row) => (
      <>
        <Content content={row.after} currency={currency} />
        <Show when={row.until}>
          {(at) => <span class="block text-[0.8125rem] text-warn">{t('prices.until', { at: say.instant(at()) })}</span>}
        </Show>
      </>
    ),
  },
  {
    id: 'delta',
    header: t('repricing.delta'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => deltaText(row.delta),
  },
  { id: 'accounts', header: t('repricing.customers'), numeric: true, cell: (row) => say.decimal(row.accounts) },
  {
    id: 'revenue',
    header: t('repricing.revenue_delta'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => signedMoney(subtractAmounts(row.revenue_after, row.revenue_before), currency),
  },
]
