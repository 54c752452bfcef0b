/** An issued invoice: frozen, with its number, PDFs, seals, and each line explained. */
import { A, useParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import FileText from 'lucide-solid/icons/file-text'
import { createSignal, For, Show } from 'solid-js'
import { api, type Invoice, type Line } from '../api.ts'
import { links } from '../links.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { buttonClass } from '../kit/button.tsx'
import { SkeletonRows } from '../kit/skeleton.tsx'
import { BackLink } from '../parts/back.tsx'
import { Document } from '../parts/document.tsx'
import { DocumentMails, SendButton } from '../parts/document-mails.tsx'
import { ExplainDrawer } from '../parts/explain.tsx'
import { ChangeHistory } from '../parts/history.tsx'
import { Load } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { SettlementSection } from '../parts/settlement.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const PDF_LANGUAGES = ['en', 'es'] as const

export default function InvoicePage() {
  const params = useParams()
  const id = () => params['id'] ?? ''
  const tenant = createTenant()
  const query = useQuery(() => queries.invoice(id()))
  const invoice = () => (query.status === 'success' ? query.data : undefined)
  const sells = () => !tenant.account() && tenant.has('billing.write')
  const [explained, setExplained] = createSignal<Line>()
  return (
    <Page
      title={invoice()?.number ?? t('document.invoice')}
      above={<BackLink href={paths.invoices} label={tenant.account() ? t('my.bill') : t('invoices.title')} />}
      lead={invoice()?.account_name}
      curl={[`/invoices/${id()}`]}
      actions={
        <>
          <Show when={sells()}>
            <SendButton invoice_id={id()} />
          </Show>
          <a href={links.linesCsv(id())} rel="external" download="" class={buttonClass()}>
            <Download size={16} />
            CSV
          </a>
          <For each={PDF_LANGUAGES}>
            {(language) => (
              <a
                href={links.pdf(id(), language)}
                rel="external"
                target="_blank"
                class={buttonClass()}
                data-pdf={language}
              >
                <FileText size={16} />
                {t(`document.pdf_${language}`)}
              </a>
            )}
          </For>
        </>
      }
    >
      <Load
        query={query}
        skeleton={
          <div class="card">
            <SkeletonRows rows={10} label={t('common.loading')} />
          </div>
        }
      >
        {(data) => (
          <>
            <Beside invoice={data()} />
            <InvoiceDocument invoice={data()} onExplain={setExplained} />
            <Show when={sells()}>
              <div class="mt-4 flex flex-col gap-4">
                <SettlementSection invoice={data()} />
                <DocumentMails invoice_id={id()} />
              </div>
            </Show>
            <ChangeHistory class="mt-4" of={{ subject_kind: 'invoice', subject_id: id() }} />
          </>
        )}
      </Load>
      <Show when={explained()}>
        {(line) => (
          <ExplainDrawer
            line={line()}
            zone={invoice()?.content.zone ?? 'UTC'}
            queryKey={['explanation', 'invoice', id(), line().id]}
            ask={() => api.explainInvoiceLine(id(), line().id)}
            onClose={() => setExplained(undefined)}
          />
        )}
      </Show>
    </Page>
  )
}

/** What a note corrects, and the notes on an invoice. */
const Beside = (props: { invoice: Invoice }) => (
  <Show when={props.invoice.corrects ?? props.invoice.notes[0]}>
    <p class="mt-0 mb-4 flex flex-wrap gap-x-3 gap-y-1 text-sm">
      <Show when={props.invoice.corrects}>
        {(of) => (
          <span>
            {t('notes.corrects')}{' '}
            <A href={paths.invoice(of().invoice_id)} class="tabular text-link">
              {of().number}
            </A>
          </span>
        )}
      </Show>
      <Show when={props.invoice.notes.length > 0}>
        <span>{t('notes.corrected_by')}</span>
        <For each={props.invoice.notes}>
          {(note) => (
            <A href={paths.invoice(note.invoice_id)} class="tabular text-link">
              {note.number} (
              {say.money(note.document_type === 'credit_note' ? `-${note.total}` : note.total, props.invoice.currency)})
            </A>
          )}
        </For>
      </Show>
    </p>
  </Show>
)

function InvoiceDocument(props: { invoice: Invoice; onExplain: (line: Line) => void }) {
  const content = () => props.invoice.content
  const heading = () => {
    if (content().corrects) return t(`notes.outcomes.${content().document_type}`)
    return content().one_off ? t('charges.one_off_invoice') : t('document.invoice')
  }
  const facts = () => [
    { label: t('document.number'), value: content().number },
    { label: t('document.issued'), value: say.date(content().issued_at, content().zone) },
    ...(content().document_type === 'credit_note'
      ? []
      : [{ label: t('document.due'), value: say.date(content().due_at, content().zone) }]),
    // of what was done once each line says when
    ...(content().one_off
      ? []
      : [
          {
            label: t('document.period'),
            value: t('document.period_text', {
              from: say.instant(content().period.from, content().zone),
              to: say.instant(content().period.to, content().zone),
            }),
          },
        ]),
  ]
  return (
    <Document
      id={props.invoice.id}
      heading={heading()}
      mark={<Badge tone="ok">{t('document.issued')}</Badge>}
      facts={facts()}
      seller={content().seller}
      buyer={content().buyer}
      currency={content().currency}
      zone={content().zone}
      lines={props.invoice.lines}
      taxes={content().taxes}
      coupons={content().coupons}
      totals={content().totals}
      branding={content().branding}
      logo={links.invoiceLogo(props.invoice.id)}
      onExplain={props.onExplain}
      empty={null}
      foot={
        <div class="flex flex-col gap-1">
          <p class="m-0">
            {t('document.frozen')} {t('document.times_in', { zone: content().zone })}.
          </p>
          <p class="m-0 font-mono text-xs break-all">
            {t('document.content_hash')} {props.invoice.content_hash}
          </p>
          <Show when={props.invoice.previous_hash}>
            <p class="m-0 font-mono text-xs break-all">
              {t('document.previous_hash')} {props.invoice.previous_hash}
            </p>
          </Show>
        </div>
      }
    />
  )
}
