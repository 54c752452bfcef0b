/** Invoices that were issued, each with its PDF. */
import { A } from '@solidjs/router'
import FileText from 'lucide-solid/icons/file-text'
import { Show } from 'solid-js'
import type { InvoiceSummary } from '../api.ts'
import { links } from '../links.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { buttonClass } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { OpenAmount } from './settlement.tsx'
import { paths } from '../paths.ts'

interface Props {
  invoices: readonly InvoiceSummary[]
  /** whose each is: not where all are one customer's */
  withAccount?: boolean
}

export const InvoiceTable = (props: Props) => (
  <Table label={t('invoices.issued')} columns={columns(props.withAccount ?? false)} rows={props.invoices} />
)

/** What a document adds to what the customer owes: a credit takes away. */
const owed = ({ document_type, totals }: InvoiceSummary): string =>
  document_type === 'credit_note' ? `-${totals.total}` : totals.total

const columns = (withAccount: boolean): TableColumn<InvoiceSummary>[] => [
  {
    id: 'number',
    header: t('invoices.number'),
    class: 'whitespace-nowrap',
    cell: (row) => (
      <>
        <A href={paths.invoice(row.id)} class="tabular rounded font-medium text-text hover:text-accent-text">
          {row.number}
        </A>
        <Show when={row.corrects}>
          {(of) => (
            <span class="block text-[0.8125rem] text-muted">
              {t(`notes.outcomes.${row.document_type}`)}: {of().number}
            </span>
          )}
        </Show>
        <Show when={row.one_off}>
          <span class="block text-[0.8125rem] text-muted">{t('charges.one_off_invoice')}</span>
        </Show>
      </>
    ),
  },
  ...(withAccount
    ? [
        {
          id: 'account',
          header: t('invoices.account'),
          class: 'min-w-40',
          cell: (row: InvoiceSummary) => row.account_name,
        },
      ]
    : []),
  {
    id: 'issued',
    header: t('invoices.issued_at'),
    class: 'whitespace-nowrap',
    cell: (row) => say.shortDate(row.issued_at),
  },
  {
    id: 'due',
    header: t('invoices.due_at'),
    wideOnly: !withAccount,
    class: 'whitespace-nowrap',
    cell: (row) => say.shortDate(row.due_at),
  },
  {
    id: 'lines',
    header: t('invoices.lines'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.decimal(row.line_count),
  },
  {
    id: 'total',
    header: t('invoices.total'),
    numeric: true,
    cell: (row) => (
      <span data-invoice={row.id} class="font-medium">
        {say.money(owed(row), row.currency)}
      </span>
    ),
  },
  ...(withAccount
    ? [
        {
          id: 'open',
          header: t('settlement.open'),
          numeric: true,
          cell: (row: InvoiceSummary) => <OpenAmount settlement={row.settlement} />,
        },
      ]
    : []),
  {
    id: 'pdf',
    header: t('document.pdf'),
    hideHeader: true,
    class: 'text-right w-20',
    cell: (row) => (
      <a
        href={links.pdf(row.id, language())}
        rel="external"
        target="_blank"
        class={buttonClass('ghost', 'small')}
        aria-label={`${t('document.pdf')}: ${row.number}`}
      >
        <FileText size={15} />
        {t('document.pdf')}
      </a>
    ),
  },
]
