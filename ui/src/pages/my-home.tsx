/** A tenant's first page: what this month costs so far, what there is, and the last bill. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import FileText from 'lucide-solid/icons/file-text'
import type { JSX } from 'solid-js'
import { For, Show } from 'solid-js'
import type { InvoiceSummary } from '../api.ts'
import { links } from '../links.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { addAmounts } from '../kit/amount.ts'
import { buttonClass } from '../kit/button.tsx'
import { Skeleton } from '../kit/skeleton.tsx'
import { Load } from '../parts/load.tsx'
import { Page, Section } from '../parts/page.tsx'
import { createTenant } from '../parts/tenant.ts'
import { UsageBars } from '../parts/usage-bars.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function MyHome() {
  const tenant = createTenant()
  return (
    <Page title={tenant.account()?.name ?? ''} curl={['/drafts', '/resources/summary']}>
      <div class="mb-4 grid gap-3 sm:grid-cols-3">
        <Show when={tenant.has('billing.read')}>
          <MonthSoFar />
        </Show>
        <Machines />
        <Show when={tenant.has('billing.read')}>
          <LastInvoice />
        </Show>
      </div>
      <Show when={tenant.account()}>
        {(account) => (
          <Section
            title={t('my.by_day')}
            actions={
              <A href={paths.usage} class="link text-[0.8125rem]">
                {t('my.usage')}
              </A>
            }
          >
            <UsageSoFar account={account().id} />
          </Section>
        )}
      </Show>
    </Page>
  )
}

const Card = (props: { label: string; hint?: JSX.Element; children: JSX.Element }) => (
  <div class="card min-w-0 px-4 py-3.5">
    <span class="block text-[0.8125rem] text-muted">{props.label}</span>
    <span class="tabular mt-1 block truncate text-2xl leading-8 font-semibold tracking-tight">{props.children}</span>
    <span class="tabular block min-h-5 text-[0.8125rem] text-muted">{props.hint}</span>
  </div>
)

function MonthSoFar() {
  const drafts = useQuery(() => queries.drafts())
  const totals = () =>
    drafts.status === 'success'
      ? [...Map.groupBy(drafts.data?.items ?? [], (draft) => draft.currency)].map(([currency, some]) =>
          say.money(addAmounts(some.map((draft) => draft.totals.total)), currency),
        )
      : undefined
  return (
    <Card
      label={t('my.month_so_far')}
      hint={
        <A href={paths.invoices} class="link">
          {t('my.see_bill')}
        </A>
      }
    >
      <Show when={totals()} fallback={<Skeleton class="h-7 w-24" />}>
        {(list) => list().join(' + ') || '–'}
      </Show>
    </Card>
  )
}

function Machines() {
  const summary = useQuery(() => queries.summary())
  const kinds = () => (summary.status === 'success' ? summary.data?.by_kind : undefined)
  return (
    <Card
      label={t('my.resources')}
      hint={
        <Show when={kinds()}>
          {(list) => (
            <For each={list()}>
              {(one, index) => (
                <>
                  {index() > 0 ? ' · ' : ''}
                  <A href={paths.resources({ kind: one.kind })} class="link">
                    {t(`kind.${one.kind}`)} {say.decimal(one.total)}
                  </A>
                </>
              )}
            </For>
          )}
        </Show>
      }
    >
      <Show when={kinds()} fallback={<Skeleton class="h-7 w-24" />}>
        {(list) => say.decimal(list().reduce((total, one) => total + one.total, 0))}
      </Show>
    </Card>
  )
}

function LastInvoice() {
  const invoices = useQuery(() => queries.invoices(1))
  const last = (): InvoiceSummary | null | undefined =>
    invoices.status === 'success' ? (invoices.data?.items[0] ?? null) : undefined
  return (
    <Card
      label={t('my.last_invoice')}
      hint={
        <Show when={last()}>
          {(one) => (
            <span class="flex flex-wrap items-center justify-between gap-2">
              <A href={paths.invoice(one().id)} class="link">
                {one().number}
              </A>
              <a
                href={links.pdf(one().id, language())}
                rel="external"
                target="_blank"
                class={buttonClass('ghost', 'small')}
                aria-label={`${t('document.pdf')}: ${one().number}`}
              >
                <FileText size={15} />
                {t('document.pdf')}
              </a>
            </span>
          )}
        </Show>
      }
    >
      <Show when={last() !== undefined} fallback={<Skeleton class="h-7 w-24" />}>
        <Show when={last()} fallback="–">
          {(one) => say.money(one().totals.total, one().currency)}
        </Show>
      </Show>
    </Card>
  )
}

function UsageSoFar(props: { account: string }) {
  const usage = useQuery(() => queries.usage(props.account, ''))
  return <Load query={usage}>{(data) => <UsageBars usage={data()} component="" />}</Load>
}
