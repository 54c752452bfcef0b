/** A tenant's bill: what the next invoice holds so far, and those that were issued. */
import { A, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import FileText from 'lucide-solid/icons/file-text'
import ReceiptText from 'lucide-solid/icons/receipt-text'
import { For, Show } from 'solid-js'
import type { DraftSummary, InvoiceSummary } from '../api.ts'
import { links } from '../links.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { InvoiceTable } from '../parts/invoice-table.tsx'
import { Load } from '../parts/load.tsx'
import { MonthBill } from '../parts/month-bill.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Redeem } from '../parts/redeem.tsx'
import { Standings } from '../parts/standings.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function MyBill() {
  const tenant = createTenant()
  const [search, setSearch] = useSearchParams()
  const text = (name: string) => {
    const value = search[name]
    return typeof value === 'string' ? value : ''
  }
  const drafts = useQuery(() => queries.drafts())
  const issued = useQuery(() => queries.invoices())
  const isOthers = (invoice: InvoiceSummary) => invoice.account_id !== tenant.account()?.id
  return (
    <Page
      title={t('my.bill')}
      curl={['/drafts', '/invoices']}
      actions={
        <a class={buttonClass()} href={links.invoicesCsv()} download="invoices.csv" rel="external">
          <Download size={16} />
          {t('limits.invoices_csv')}
        </a>
      }
    >
      <div class="flex flex-col gap-4">
        <Load query={drafts}>
          {(data) => (
            <Show
              when={data().items.length > 0}
              fallback={
                <div class="card">
                  <EmptyState icon={<ReceiptText size={20} />} title={t('my.no_draft')} text={t('my.no_draft_text')} />
                </div>
              }
            >
              <For each={data().items}>
                {(draft) => <Next draft={draft} named={draft.account.id !== tenant.account()?.id} />}
              </For>
            </Show>
          )}
        </Load>
        <Show when={tenant.account()}>
          {(account) => (
            <>
              <Redeem account={account().id} />
              <MonthBill
                account={account().id}
                month={text('month')}
                onMonth={(month) => setSearch({ month: month || undefined }, { replace: true })}
              />
              <Standings
                account={account().id}
                currency={
                  drafts.status === 'success'
                    ? drafts.data?.items.find((draft) => draft.account.id === account().id)?.currency
                    : undefined
                }
                chosen={text('state')}
                onChoose={(state) => setSearch({ state: state || undefined }, { replace: true })}
              />
            </>
          )}
        </Show>
        <Section title={t('invoices.issued')}>
          <Load query={issued}>
            {(data) => (
              <Show
                when={data().items.length > 0}
                fallback={
                  <EmptyState icon={<FileText size={20} />} title={t('my.no_invoice')} text={t('my.no_invoice_text')} />
                }
              >
                <InvoiceTable invoices={data().items} withAccount={data().items.some(isOthers)} />
              </Show>
            )}
          </Load>
        </Section>
      </div>
    </Page>
  )
}

const Next = (props: { draft: DraftSummary; named: boolean }) => (
  <section class="card flex flex-wrap items-center gap-x-6 gap-y-3 px-4 py-4" aria-label={t('my.next_invoice')}>
    <div class="min-w-0 flex-1 basis-52">
      <h2 class="text-sm font-semibold">
        {t('my.next_invoice')}
        <Show when={props.named}>{`: ${props.draft.account.name}`}</Show>
      </h2>
      <p class="m-0 text-[0.8125rem] text-muted">
        {t('my.period', { from: say.instant(props.draft.period.from), to: say.instant(props.draft.period.to) })}
      </p>
    </div>
    <dl class="tabular m-0 flex gap-6">
      <div>
        <dt class="text-[0.8125rem] text-muted">{t('invoices.net')}</dt>
        <dd class="m-0">{say.money(props.draft.totals.net, props.draft.currency)}</dd>
      </div>
      <div>
        <dt class="text-[0.8125rem] text-muted">{t('invoices.total')}</dt>
        <dd class="m-0 font-semibold">{say.money(props.draft.totals.total, props.draft.currency)}</dd>
      </div>
    </dl>
    <A href={paths.draft(props.draft.account.id)} class={buttonClass('primary')}>
      {t('my.why')}
    </A>
  </section>
)
