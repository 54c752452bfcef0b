/** Drafts of this month and the invoices that were issued. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import CalendarCheck from 'lucide-solid/icons/calendar-check'
import FileText from 'lucide-solid/icons/file-text'
import Inbox from 'lucide-solid/icons/inbox'
import Mail from 'lucide-solid/icons/mail'
import ReceiptText from 'lucide-solid/icons/receipt-text'
import Scale from 'lucide-solid/icons/scale'
import ShieldCheck from 'lucide-solid/icons/shield-check'
import { createSignal, Show } from 'solid-js'
import { api, type DraftSummary, type Verification } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, buttonClass } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { curlLine } from '../parts/curl.tsx'
import { createSubmit } from '../parts/form.ts'
import { InvoiceTable } from '../parts/invoice-table.tsx'
import { Load, ProblemNote } from '../parts/load.tsx'
import { OpenDifferences } from '../parts/open-differences.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Receivables } from '../parts/settlement.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function Invoices() {
  const drafts = useQuery(() => queries.drafts())
  const issued = useQuery(() => queries.invoices())
  return (
    <Page title={t('invoices.title')} curl={['/drafts', '/invoices']} actions={<Actions />}>
      <div class="flex flex-col gap-4">
        <Section title={t('invoices.drafts')} lead={t('invoices.drafts_lead')}>
          <Load query={drafts}>
            {(data) => (
              <Show when={data().items.length > 0} fallback={<NoDraft />}>
                <Table label={t('invoices.drafts')} columns={draftColumns()} rows={data().items} />
              </Show>
            )}
          </Load>
        </Section>
        <OpenDifferences />
        <Section title={t('invoices.issued')} lead={<Receivables />}>
          <Load query={issued}>
            {(data) => (
              <Show when={data().items.length > 0} fallback={<NoInvoice />}>
                <InvoiceTable invoices={data().items} withAccount />
              </Show>
            )}
          </Load>
        </Section>
      </div>
    </Page>
  )
}

function Actions() {
  const tenant = createTenant()
  return (
    <>
      <Show when={tenant.has('margins.read')}>
        <A href={paths.margins()} class={buttonClass('secondary')}>
          <Scale size={16} />
          {t('margins.title')}
        </A>
      </Show>
      <A href={paths.queues} class={buttonClass('secondary')}>
        <Inbox size={16} />
        {t('queues.title')}
      </A>
      <A href={paths.mails} class={buttonClass('secondary')}>
        <Mail size={16} />
        {t('mails.title')}
      </A>
      <A href={paths.closes} class={buttonClass('secondary')}>
        <CalendarCheck size={16} />
        {t('closing.title')}
      </A>
      <Verify />
    </>
  )
}

const draftColumns = (): TableColumn<DraftSummary>[] => [
  {
    id: 'account',
    header: t('invoices.account'),
    class: 'min-w-44',
    cell: (row) => (
      <span class="flex flex-wrap items-center gap-2">
        <A href={paths.draft(row.account.id)} class="rounded font-medium text-text hover:text-accent-text">
          {row.account.name}
        </A>
        <Show when={row.unrated_count > 0}>
          <Badge tone="warn">{t('invoices.unrated', row.unrated_count)}</Badge>
        </Show>
        <Show when={row.blocked_count > 0}>
          <Badge tone="warn">{t('invoices.blocked_gaps', row.blocked_count)}</Badge>
        </Show>
      </span>
    ),
  },
  {
    id: 'period',
    header: t('invoices.period'),
    wideOnly: true,
    class: 'whitespace-nowrap first-letter:uppercase',
    cell: (row) => say.month(row.period.to),
  },
  {
    id: 'lines',
    header: t('invoices.lines'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.decimal(row.line_count),
  },
  { id: 'net', header: t('invoices.net'), numeric: true, cell: (row) => say.money(row.totals.net, row.currency) },
  {
    id: 'total',
    header: t('invoices.total'),
    numeric: true,
    cell: (row) => <span class="font-medium">{say.money(row.totals.total, row.currency)}</span>,
  },
  {
    id: 'open',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right w-28',
    cell: (row) => (
      <A
        href={paths.draft(row.account.id)}
        class={buttonClass('secondary', 'small')}
        aria-label={`${t('invoices.preview')}: ${row.account.name}`}
      >
        {t('invoices.preview')}
      </A>
    ),
  },
]

const NoDraft = () => (
  <EmptyState
    icon={<ReceiptText size={20} />}
    title={t('invoices.empty_drafts')}
    text={t('invoices.empty_drafts_text')}
    action={
      <A href={`${paths.prices}?set=1`} class={buttonClass('primary')}>
        {t('prices.set')}
      </A>
    }
  />
)
const NoInvoice = () => (
  <EmptyState icon={<FileText size={20} />} title={t('invoices.empty_issued')} text={t('invoices.empty_issued_text')}>
    <CopyLine
      label={t('common.copy_as_curl')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
      text={curlLine('/invoices', { account_id: '…' })}
    />
  </EmptyState>
)

/** Recomputes every document by other arithmetic, and says what differs. */
function Verify() {
  const [result, setResult] = createSignal<Verification>()
  const form = createSubmit({ run: () => api.verify(), onDone: setResult })
  const close = () => {
    setResult(undefined)
    form.reset()
  }
  return (
    <>
      <Button icon={<ShieldCheck size={16} />} busy={form.busy()} onClick={() => void form.submit(undefined)}>
        {form.busy() ? t('invoices.verifying') : t('invoices.verify')}
      </Button>
      <Dialog
        open={Boolean(result() ?? form.error())}
        size="wide"
        onClose={close}
        closeLabel={t('common.close')}
        title={t('invoices.verify')}
      >
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
        <Show when={result()}>{(found) => <Findings result={found()} />}</Show>
      </Dialog>
    </>
  )
}

function Findings(props: { result: Verification }) {
  const counts = () => ({
    invoices: say.decimal(props.result.invoices),
    lines: say.decimal(props.result.lines),
    readings: say.decimal(props.result.readings),
  })
  return (
    <div class="flex flex-col gap-4">
      <p class="m-0">
        <Badge tone={props.result.findings.length ? 'bad' : 'ok'}>
          {props.result.findings.length ? t('invoices.findings', props.result.findings.length) : t('invoices.verified')}
        </Badge>{' '}
        <span class="tabular text-muted">{t('invoices.verified_text', counts())}</span>
      </p>
      <Show when={props.result.findings.length > 0}>
        <div class="card">
          <Table
            label={t('invoices.verify')}
            rows={props.result.findings}
            columns={[
              { id: 'check', header: t('invoices.check'), cell: (row) => row.check },
              { id: 'subject', header: t('invoices.subject'), class: 'font-mono text-xs', cell: (row) => row.subject },
              { id: 'detail', header: t('invoices.finding'), cell: (row) => row.detail },
            ]}
          />
        </div>
      </Show>
    </div>
  )
}
