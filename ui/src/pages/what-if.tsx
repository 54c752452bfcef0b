/** What a draft would have changed on what was issued: by month, by component, and who would have paid more or less. */
import { A, useParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import { createSignal, For, Show } from 'solid-js'
import { api, type WhatIf, type WhatIfAccount, type WhatIfResult } from '../api.ts'
import { links } from '../links.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { subtractAmounts } from '../kit/amount.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { Choice } from '../kit/field.tsx'
import { PairedBars } from '../kit/paired-bars.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { monthText } from '../parts/close-state.tsx'
import { createSubmit } from '../parts/form.ts'
import { Load, ProblemNote } from '../parts/load.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Figure, Marks, More, signedMoney, signedPercent, WhatIfState } from '../parts/repricing.tsx'
import { componentText } from '../parts/usage-bars.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function WhatIfPage() {
  const params = useParams()
  const id = () => params['id'] ?? ''
  const query = useQuery(() => queries.whatIf(id()))
  const report = () => (query.status === 'success' ? query.data : undefined)
  return (
    <Page
      title={report() ? t('repricing.what_if_of', { name: report()?.price_change.name ?? '' }) : t('repricing.what_if')}
      above={<BackLink href={paths.priceChanges} label={t('repricing.changes')} />}
      lead={<Show when={report()}>{(one) => <Lead report={one()} />}</Show>}
      curl={[`/what-ifs/${id()}`, `/what-ifs/${id()}/accounts`]}
      actions={
        <Show when={report()?.state === 'done'}>
          <a href={links.whatIfCsv(id())} class={buttonClass()} download="what-if.csv">
            <Download size={15} /> CSV
          </a>
        </Show>
      }
    >
      <Load query={query}>
        {(data) => (
          <div class="flex flex-col gap-4">
            <Show when={data().state === 'running'}>
              <Progress report={data()} />
            </Show>
            <Show when={data().result}>{(result) => <Result report={data()} result={result()} />}</Show>
            <Show when={data().state === 'done'}>
              <Accounts report={data()} />
            </Show>
          </div>
        )}
      </Load>
    </Page>
  )
}

const Lead = (props: { report: WhatIf }) => (
  <span class="flex flex-wrap items-center gap-x-3 gap-y-1">
    <WhatIfState state={props.report.state} />
    <A href={paths.priceChange(props.report.price_change.id)} class="link">
      {t('repricing.see_draft')}
    </A>
    <span>
      {props.report.legal_entity.name} · {t('repricing.net_of_issued')}
    </span>
  </span>
)

function Progress(props: { report: WhatIf }) {
  const client = useQueryClient()
  const stopping = createSubmit({
    run: () => api.cancelWhatIf(props.report.id),
    onDone: () => void client.invalidateQueries({ queryKey: ['what-ifs'] }),
  })
  return (
    <section class="card flex flex-col gap-3 px-4 py-3.5" aria-label={t('closing.progress')}>
      <div class="flex items-center gap-3 text-sm">
        <progress
          class="h-2 w-full accent-(--accent)"
          value={props.report.accounts.done}
          max={Math.max(1, props.report.accounts.all)}
        />
        <span class="tabular whitespace-nowrap text-muted">
          {say.decimal(props.report.accounts.done)} / {say.decimal(props.report.accounts.all)}
        </span>
        <Button size="small" busy={stopping.busy()} onClick={() => void stopping.submit(undefined)}>
          {t('repricing.stop')}
        </Button>
      </div>
      <Show when={stopping.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
    </section>
  )
}

function Result(props: { report: WhatIf; result: WhatIfResult }) {
  const money = (amount: string) => say.money(amount, props.report.currency)
  const delta = (pair: { before: string; after: string }) =>
    signedMoney(subtractAmounts(pair.after, pair.before), props.report.currency)
  const pairs = () =>
    props.result.by_month.map((one) => ({
      label: one.month,
      values: [Number(one.before), Number(one.after)] as const,
      text: t('repricing.month_text', {
        month: monthText(one.month),
        before: money(one.before),
        after: money(one.after),
      }),
    }))
  const sums = (name: string): TableColumn<{ name: string; before: string; after: string }>[] => [
    { id: 'name', header: name, class: 'min-w-36', cell: (row) => <span class="font-medium">{row.name}</span> },
    { id: 'before', header: t('repricing.before'), numeric: true, cell: (row) => money(row.before) },
    { id: 'after', header: t('repricing.after'), numeric: true, cell: (row) => money(row.after) },
    { id: 'delta', header: t('repricing.delta'), numeric: true, class: 'whitespace-nowrap', cell: delta },
  ]
  const componentName = (component: string) => {
    const { kind, meter } = componentText(component)
    return `${kind} · ${meter}`
  }
  return (
    <>
      <section class="card flex flex-col gap-4 px-4 py-3.5" aria-label={t('repricing.what_if')}>
        <dl class="m-0 flex flex-wrap gap-x-8 gap-y-3">
          <Figure label={t('repricing.before')} value={money(props.result.before)} />
          <Figure label={t('repricing.after')} value={money(props.result.after)} />
          <Figure label={t('repricing.delta')} value={delta(props.result)} />
          <Figure label={t('repricing.pay_more')} value={say.decimal(props.result.pay_more)} />
          <Figure label={t('repricing.pay_less')} value={say.decimal(props.result.pay_less)} />
          <Figure label={t('repricing.pay_the_same')} value={say.decimal(props.result.pay_the_same)} />
          <Figure label={t('invoices.title')} value={say.decimal(props.result.invoices)} />
        </dl>
        <Marks marks={props.result.not_computed} currency={props.report.currency} />
        <Show when={props.result.unseen.length > 0}>
          <div class="rounded-lg border border-warn-mark/40 bg-warn-soft px-3.5 py-3 text-sm">
            <p class="m-0 font-medium text-warn">{t('repricing.unseen')}</p>
            <ul class="m-0 mt-1 list-disc pl-5">
              <For each={props.result.unseen}>
                {(one) => (
                  <li>
                    {componentName(one.component)}: {t(`repricing.unseen_why.${one.why}`)}
                  </li>
                )}
              </For>
            </ul>
          </div>
        </Show>
        <Show when={props.result.failed > 0}>
          <p class="m-0 text-sm text-bad">{t('repricing.failed', { count: say.decimal(props.result.failed) })}</p>
        </Show>
      </section>
      <Section title={t('repricing.by_month')}>
        <div class="px-4 py-4">
          <PairedBars
            label={t('repricing.by_month')}
            names={[t('repricing.before'), t('repricing.after')]}
            pairs={pairs()}
          />
        </div>
        <Table
          label={t('repricing.by_month')}
          columns={sums(t('closing.month'))}
          rows={props.result.by_month.map((one) => ({ ...one, name: monthText(one.month) }))}
        />
      </Section>
      <Section title={t('repricing.by_component')}>
        <Table
          label={t('repricing.by_component')}
          columns={sums(t('repricing.component'))}
          rows={props.result.by_component.map((one) => ({ ...one, name: componentName(one.component) }))}
        />
      </Section>
    </>
  )
}

const VIEWS = {
  pay_more: ['delta', 'desc'],
  pay_less: ['delta', 'asc'],
  by_size: ['before', 'desc'],
  by_name: ['name', 'asc'],
} as const
type View = keyof typeof VIEWS

function Accounts(props: { report: WhatIf }) {
  const [view, setView] = createSignal<View>('pay_more')
  const query = useInfiniteQuery(() => {
    const [sort, order] = VIEWS[view()]
    return queries.whatIfAccounts(props.report.id, { sort, order })
  })
  return (
    <div class="card min-w-0">
      <header class="border-b border-line px-4 py-3">
        <Choice
          legend={t('repricing.sort')}
          hideLegend
          value={view()}
          onChange={setView}
          choices={(Object.keys(VIEWS) as View[]).map((value) => ({ value, label: t(`repricing.order.${value}`) }))}
        />
      </header>
      <Load query={query}>
        {(data) => (
          <>
            <Table
              label={t('repricing.customers')}
              columns={columns(props.report.currency)}
              rows={data().pages.flatMap((page) => page.items)}
              below={(row) =>
                row.problem !== null ? (
                  <p class="m-0 text-[0.8125rem] text-bad">{row.problem}</p>
                ) : (
                  row.not_computed.length > 0 && <Marks marks={row.not_computed} currency={props.report.currency} />
                )
              }
            />
            <More has={query.hasNextPage} busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
          </>
        )}
      </Load>
    </div>
  )
}

const columns = (currency: string): TableColumn<WhatIfAccount>[] => [
  {
    id: 'account',
    header: t('invoices.account'),
    class: 'min-w-40',
    cell: (row) => <span class="font-medium">{row.account.name}</span>,
  },
  {
    id: 'invoices',
    header: t('invoices.title'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.decimal(row.invoices),
  },
  { id: 'before', header: t('repricing.before'), numeric: true, cell: (row) => say.money(row.before, currency) },
  { id: 'after', header: t('repricing.after'), numeric: true, cell: (row) => say.money(row.after, currency) },
  {
    id: 'delta',
    header: t('repricing.delta'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => (
      <>
        <span class="block font-medium">{signedMoney(row.delta, currency)}</span>
        <Show when={row.percent !== null}>
          <span class="block text-[0.8125rem] text-muted">{signedPercent(row.percent ?? '0')}</span>
        </Show>
      </>
    ),
  },
]
