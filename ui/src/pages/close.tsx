/** One month of a company: what would be issued to whom, what a person should look at, and how far it is. */
import { A, useParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/solid-query'
import Inbox from 'lucide-solid/icons/inbox'
import { createEffect, createSignal, For, on, Show } from 'solid-js'
import { api, type ClosingAccount, type PeriodClose } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Choice } from '../kit/field.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { CloseActions } from '../parts/close-actions.tsx'
import { AccountState, CloseState, Flags, monthText, netText } from '../parts/close-state.tsx'
import { ChangeHistory } from '../parts/history.tsx'
import { HoldDialog } from '../parts/hold-dialog.tsx'
import { createSubmit } from '../parts/form.ts'
import { Load, ProblemNote } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const VIEWS = ['all', 'flagged', 'ready', 'held', 'parked', 'issued', 'nothing'] as const
type View = (typeof VIEWS)[number]
const filterOf = (view: View): Record<string, string | boolean> =>
  view === 'all' ? {} : view === 'flagged' ? { flagged: true, state: 'ready' } : { state: view }

export default function ClosePage() {
  const params = useParams()
  const id = () => params['id'] ?? ''
  const query = useQuery(() => queries.close(id()))
  const close = () => (query.status === 'success' ? query.data : undefined)
  return (
    <Page
      title={close() ? t('closing.of', { month: monthText(close()?.month ?? '') }) : t('closing.title')}
      above={<BackLink href={paths.closes} label={t('closing.title')} />}
      lead={<Show when={close()}>{(one) => <Lead close={one()} />}</Show>}
      curl={[`/period-closes/${id()}`, `/period-closes/${id()}/accounts`]}
      actions={<Show when={close()}>{(one) => <CloseActions close={one()} />}</Show>}
    >
      <Load query={query}>
        {(data) => (
          <div class="flex flex-col gap-4">
            <Progress close={data()} />
            <Accounts close={data()} />
            <ChangeHistory of={{ subject_kind: 'period_close', subject_id: data().id }} />
          </div>
        )}
      </Load>
    </Page>
  )
}

const Lead = (props: { close: PeriodClose }) => (
  <span class="flex flex-wrap items-center gap-x-3 gap-y-1">
    <CloseState state={props.close.state} />
    <span>{props.close.legal_entity.name}</span>
    <Show when={props.close.reviewed_at}>
      {(at) => <span>{t('closing.reviewed', { at: say.instant(at()) })}</span>}
    </Show>
  </span>
)

const FIGURES = ['ready', 'held', 'parked', 'issued', 'nothing'] as const

/** How far it is, as a bar while something runs, and in figures. */
function Progress(props: { close: PeriodClose }) {
  const counts = () => props.close.counts
  const all = () => Object.values(counts()).reduce((sum, count) => sum + count, 0)
  const done = () => all() - (props.close.state === 'preparing' ? counts().waiting : counts().ready)
  const runs = () => props.close.state === 'preparing' || props.close.state === 'finalising'
  return (
    <section class="card px-4 py-3.5" aria-label={t('closing.progress')}>
      <Show when={runs()}>
        <div class="mb-3.5 flex items-center gap-3 text-sm">
          <progress class="h-2 w-full accent-(--accent)" value={done()} max={Math.max(1, all())} />
          <span class="tabular whitespace-nowrap text-muted">
            {say.decimal(done())} / {say.decimal(all())}
          </span>
        </div>
      </Show>
      <dl class="m-0 flex flex-wrap gap-x-8 gap-y-3">
        <For each={FIGURES}>
          {(state) => <Figure label={t(`closing.account_state.${state}`)} value={say.decimal(counts()[state])} />}
        </For>
        <Figure label={t('closing.ready_net')} value={netText(props.close, 'ready_net')} />
        <Figure label={t('closing.issued_net')} value={netText(props.close, 'issued_net')} />
      </dl>
    </section>
  )
}
const Figure = (props: { label: string; value: string }) => (
  <div>
    <dt class="text-xs text-muted">{props.label}</dt>
    <dd class="tabular m-0 text-lg font-semibold">{props.value}</dd>
  </div>
)

function Accounts(props: { close: PeriodClose }) {
  const client = useQueryClient()
  const [view, setView] = createSignal<View>('all')
  const [holding, setHolding] = createSignal<ClosingAccount['account']>()
  const query = useInfiniteQuery(() => queries.closing(props.close.id, filterOf(view())))
  // the figures above are asked for again and again while it runs: the list follows them, with live updates or without
  const figures = () => JSON.stringify([props.close.state, props.close.counts])
  createEffect(on(figures, () => void query.refetch(), { defer: true }))
  const done = () => {
    setHolding(undefined)
    void client.invalidateQueries({ queryKey: ['closes'] })
  }
  const releasing = createSubmit({
    run: (account: ClosingAccount['account']) => api.holdAccount(props.close.id, account.id, { held: false }),
    onDone: done,
  })
  return (
    <div class="card min-w-0">
      <header class="border-b border-line px-4 py-3">
        <Choice
          legend={t('closing.show')}
          hideLegend
          value={view()}
          onChange={setView}
          choices={VIEWS.map((value) => ({ value, label: viewName(value, props.close) }))}
        />
      </header>
      <Show when={releasing.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().pages.some((page) => page.items.length > 0)}
            fallback={<EmptyState icon={<Inbox size={20} />} title={t('closing.none')} text={t('closing.none_text')} />}
          >
            <Table
              label={t('nav.accounts')}
              columns={columns({
                close: props.close,
                hold: setHolding,
                release: (account) => void releasing.submit(account),
              })}
              rows={data().pages.flatMap((page) => page.items)}
              below={(row) => (row.problem ?? row.reason) && <Why row={row} />}
            />
            <Show when={query.hasNextPage}>
              <div class="border-t border-line p-3 text-center">
                <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('closing.more')}
                </Button>
              </div>
            </Show>
          </Show>
        )}
      </Load>
      <Show when={holding()}>
        {(account) => (
          <HoldDialog
            close_id={props.close.id}
            account={account()}
            onDone={done}
            onClose={() => setHolding(undefined)}
          />
        )}
      </Show>
    </div>
  )
}

const viewName = (view: View, close: PeriodClose): string =>
  view === 'all'
    ? t('closing.all')
    : view === 'flagged'
      ? `${t('closing.flagged')} (${say.decimal(close.flagged)})`
      : `${t(`closing.account_state.${view}`)} (${say.decimal(close.counts[view])})`

const Why = (props: { row: ClosingAccount }) => (
  <p class="m-0 text-[0.8125rem] text-muted">{props.row.problem?.detail ?? props.row.reason}</p>
)

interface Can {
  close: PeriodClose
  hold: (account: ClosingAccount['account']) => void
  release: (account: ClosingAccount['account']) => void
}
const columns = ({ close, hold, release }: Can): TableColumn<ClosingAccount>[] => [
  {
    id: 'account',
    header: t('invoices.account'),
    class: 'sm:min-w-40',
    cell: (row) => (
      <A href={paths.draft(row.account.id)} class="rounded font-medium text-text hover:text-accent-text">
        {row.account.name}
      </A>
    ),
  },
  { id: 'state', header: t('closing.state'), cell: (row) => <AccountState state={row.state} /> },
  {
    id: 'flags',
    header: t('closing.flags'),
    class: 'min-w-24 sm:min-w-36',
    cell: (row) => <Flags flags={row.flags} />,
  },
  {
    id: 'usual',
    header: t('closing.usual'),
    numeric: true,
    wideOnly: true,
    cell: (row) => (row.usual_net === null ? '–' : say.money(row.usual_net, row.currency)),
  },
  {
    id: 'net',
    header: t('invoices.net'),
    numeric: true,
    cell: (row) => (
      <span class="font-medium">{row.totals === null ? '–' : say.money(row.totals.net, row.currency)}</span>
    ),
  },
  {
    id: 'action',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right whitespace-nowrap',
    cell: (row) => (
      <>
        <For each={row.invoices}>
          {(invoice) => (
            <A href={paths.invoice(invoice.id)} class="text-link">
              {invoice.number}
            </A>
          )}
        </For>
        <Show when={close.state === 'review' && row.state === 'ready'}>
          <Button
            size="small"
            onClick={() => hold(row.account)}
            aria-label={`${t('closing.hold')}: ${row.account.name}`}
          >
            {t('closing.hold')}
          </Button>
        </Show>
        <Show when={close.state === 'review' && row.state === 'held'}>
          <Button
            size="small"
            onClick={() => release(row.account)}
            aria-label={`${t('closing.release')}: ${row.account.name}`}
          >
            {t('closing.release')}
          </Button>
        </Show>
      </>
    ),
  },
]
