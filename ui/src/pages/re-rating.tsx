/** The review of what an account's invoices would be now: by invoice and line, with the cause, and the notes that settle it. */
import { A, useParams } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import CircleCheck from 'lucide-solid/icons/circle-check'
import RefreshCw from 'lucide-solid/icons/refresh-cw'
import { createSignal, For, Show } from 'solid-js'
import { api, type Invoice, type ReRated, type ReRating } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SkeletonRows } from '../kit/skeleton.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { BackLink } from '../parts/back.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { InvoiceTable } from '../parts/invoice-table.tsx'
import { lineName, meteredText } from '../parts/line-text.ts'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { paths } from '../paths.ts'

const ISSUED = new Set<ReRated['outcome']>(['credit_note', 'debit_note', 'invoice'])
const toIssue = (review: ReRating) => review.documents.filter((one) => ISSUED.has(one.outcome)).length

export default function ReRatingPage() {
  const params = useParams()
  const account = () => params['account'] ?? ''
  const client = useQueryClient()
  const may = createMay()
  const [asked, setAsked] = createSignal<ReRating>()
  const [made, setMade] = createSignal<Invoice[]>([])
  // what is reviewed stays as it is until it is asked for again: nothing new slips under the button
  const query = useQuery(() => ({
    queryKey: ['re-rating', account()],
    queryFn: () => api.reRate(account()),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  }))
  const review = () => (query.status === 'success' ? query.data : undefined)
  const name = () => review()?.account.name ?? ''
  const done = (items: Invoice[]) => {
    tell(t('notes.issued', items.length), 'ok', t('common.close'))
    setMade(items)
    setAsked(undefined)
    void query.refetch()
    void client.invalidateQueries({ queryKey: ['invoices'] })
  }
  return (
    <Page
      title={review() ? t('notes.title', { name: name() }) : t('notes.section')}
      above={<BackLink href={paths.invoices} label={t('invoices.title')} />}
      lead={t('notes.lead')}
      actions={
        <>
          <Button icon={<RefreshCw size={15} />} busy={query.isFetching} onClick={() => void query.refetch()}>
            {t('notes.rate_again')}
          </Button>
          <Show when={review()}>
            {(one) => (
              <Show when={toIssue(one()) > 0}>
                <Button variant="primary" onClick={() => setAsked(one())} {...may('billing.write')}>
                  {t('notes.issue', toIssue(one()))}
                </Button>
              </Show>
            )}
          </Show>
        </>
      }
    >
      <div class="flex flex-col gap-4">
        <Show when={made().length > 0}>
          <Section title={t('notes.issued', made().length)}>
            <InvoiceTable invoices={made()} />
          </Section>
        </Show>
        <Load
          query={query}
          skeleton={
            <div class="card">
              <SkeletonRows rows={8} label={t('notes.looking')} />
            </div>
          }
        >
          {(data) => <Review review={data()} />}
        </Load>
      </div>
      <Show when={asked()}>
        {(one) => (
          <Confirm
            title={t('notes.issue_title')}
            text={t('notes.issue_text')}
            button={t('notes.issue', toIssue(one()))}
            run={async () => done((await api.issueNotes(account(), { cut: one().cut, digest: one().digest })).items)}
            onDone={() => setAsked(undefined)}
            onClose={() => setAsked(undefined)}
          />
        )}
      </Show>
    </Page>
  )
}

const Review = (props: { review: ReRating }) => {
  const compared = () =>
    `${t('notes.compared', props.review.compared)} ${t('notes.since', { since: say.date(props.review.since, props.review.zone), months: String(props.review.months) })}`
  return (
    <>
      <Show when={props.review.documents.length === 0}>
        <div class="card">
          <EmptyState icon={<CircleCheck size={20} />} title={t('notes.none')} text={compared()} />
        </div>
      </Show>
      <For each={props.review.documents}>{(one) => <DocumentReview document={one} />}</For>
      <Show when={props.review.documents.length > 0}>
        <p class="m-0 text-[0.8125rem] text-muted">
          {compared()}{' '}
          <Show when={/[1-9]/.test(props.review.threshold)}>
            {t('notes.threshold', { amount: say.money(props.review.threshold, props.review.currency) })}
          </Show>
        </p>
      </Show>
    </>
  )
}

const TONES: Record<ReRated['outcome'], Tone> = {
  credit_note: 'ok',
  debit_note: 'accent',
  invoice: 'accent',
  carried: 'idle',
  held_back: 'warn',
  even: 'idle',
}

function DocumentReview(props: { document: ReRated }) {
  const one = () => props.document
  const money = (text: string) => say.money(text, one().currency)
  return (
    <section class="card overflow-hidden">
      <header class="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-3">
        <h2 class="text-sm font-semibold">
          <Show when={one().corrects} fallback={t('notes.missed')}>
            {(of) => (
              <A href={paths.invoice(of().invoice_id)} class="tabular text-link">
                {of().number}
              </A>
            )}
          </Show>
        </h2>
        <Badge tone={TONES[one().outcome]}>{t(`notes.outcomes.${one().outcome}`)}</Badge>
        <span class="text-[0.8125rem] text-muted">
          {t('document.period_text', {
            from: say.instant(one().period.from, one().zone),
            to: say.instant(one().period.to, one().zone),
          })}
        </span>
      </header>
      <Show when={one().outcome === 'held_back'}>
        <p class="m-0 px-4 pt-3 text-sm text-warn">
          <Show when={one().unrated.length > 0}>{t('notes.held_back_unrated', one().unrated.length)} </Show>
          <Show when={one().blocked_gaps.length > 0}>{t('notes.held_back_gaps', one().blocked_gaps.length)}</Show>
        </p>
      </Show>
      <Table label={t('notes.difference')} columns={columns(one().currency)} rows={one().lines} dense />
      <dl class="tabular m-0 ml-auto grid w-full max-w-sm grid-cols-[1fr_auto] gap-y-1 border-t border-line px-4 py-3 text-sm [&>dd]:m-0 [&>dd]:pl-8 [&>dd]:text-right">
        <dt class="text-muted">{t('document.net')}</dt>
        <dd>{money(one().totals.net)}</dd>
        <For each={one().taxes}>
          {(tax) => (
            <>
              <dt class="text-muted">{t('document.tax', { rate: say.decimal(tax.rate, 2) })}</dt>
              <dd>{money(tax.tax)}</dd>
            </>
          )}
        </For>
        <dt class="font-semibold">{t('document.total')}</dt>
        <dd class="font-semibold">{money(one().totals.total)}</dd>
      </dl>
    </section>
  )
}

const causesOf = (line: ReRated['lines'][number]) => line.causes.map((cause) => t(`notes.causes.${cause}`)).join(', ')

const columns = (currency: string): TableColumn<ReRated['lines'][number]>[] => [
  {
    id: 'item',
    header: t('notes.item'),
    class: 'min-w-40',
    cell: (row) => (
      <>
        <span class="font-medium">{lineName(row)}</span> <span class="text-muted">{meteredText(row)}</span>
        <span class="block text-[0.8125rem] text-muted sm:hidden">
          {say.money(row.billed, currency)} → {say.money(row.due, currency)}, {causesOf(row)}
        </span>
      </>
    ),
  },
  { id: 'why', header: t('notes.why'), wideOnly: true, cell: causesOf },
  {
    id: 'billed',
    header: t('notes.billed'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.money(row.billed, currency),
  },
  { id: 'due', header: t('notes.correct'), numeric: true, wideOnly: true, cell: (row) => say.money(row.due, currency) },
  {
    id: 'delta',
    header: t('notes.difference'),
    numeric: true,
    cell: (row) => <span class="font-medium">{say.money(row.delta, currency)}</span>,
  },
]
