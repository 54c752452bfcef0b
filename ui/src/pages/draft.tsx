/** The draft of one account, as the document that it would become. */
import { A, useParams, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import FileText from 'lucide-solid/icons/file-text'
import ReceiptText from 'lucide-solid/icons/receipt-text'
import { createSignal, Show } from 'solid-js'
import { api, type Draft, type Line } from '../api.ts'
import { links } from '../links.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SkeletonRows } from '../kit/skeleton.tsx'
import { BackLink } from '../parts/back.tsx'
import { BillByProject, linesOfPart, partKey } from '../parts/bill-by-project.tsx'
import { Charges } from '../parts/charges.tsx'
import { Document } from '../parts/document.tsx'
import { ExplainDrawer } from '../parts/explain.tsx'
import { BlockedNote, FinaliseButton, FinaliseDialog } from '../parts/finalise.tsx'
import { ChangeHistory } from '../parts/history.tsx'
import { Load } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { Redeem } from '../parts/redeem.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function DraftPage() {
  const params = useParams()
  const account = () => params['account'] ?? ''
  const [search, setSearch] = useSearchParams()
  const chosen = () => (typeof search['project'] === 'string' ? search['project'] : '')
  const tenant = createTenant()
  const query = useQuery(() => queries.draft(account()))
  const draft = () => (query.status === 'success' ? query.data : undefined)
  // the draft that is looked at is kept while it is explained or finalised: a newer one doesn't slip under the dialog
  const [explained, setExplained] = createSignal<{ draft: Draft; line: Line }>()
  const [finalising, setFinalising] = createSignal<Draft>()
  return (
    <Page
      title={draft() ? t('draft.title', { name: draft()?.buyer.name ?? '' }) : t('draft.mark')}
      above={<BackLink href={paths.invoices} label={tenant.account() ? t('my.bill') : t('invoices.title')} />}
      lead={<Show when={draft()}>{(one) => t('draft.stale', { at: say.instant(one().period.to, one().zone) })}</Show>}
      curl={[`/accounts/${account()}/draft`]}
      actions={
        <>
          <Show when={draft()?.lines.length}>
            <a href={links.proForma(account(), language())} rel="external" target="_blank" class={buttonClass()}>
              <FileText size={16} />
              {t('draft.pro_forma')}
            </a>
          </Show>
          <Show when={tenant.account() ? undefined : draft()}>
            {(one) => <FinaliseButton draft={one()} onOpen={() => setFinalising(one())} />}
          </Show>
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
            <Show when={!tenant.account()}>
              <BlockedNote draft={data()} />
            </Show>
            <Show when={!tenant.account()}>
              <p class="m-0 mb-4 text-sm">
                <A href={paths.services(account())} class="text-link">
                  {t('services.title', { name: data().buyer.name })}
                </A>
              </p>
            </Show>
            <BillByProject
              draft={data()}
              chosen={chosen()}
              onChoose={(project) => setSearch({ project: project || undefined }, { replace: true })}
            />
            <DraftDocument
              draft={data()}
              project={chosen()}
              onExplain={(line) => setExplained({ draft: data(), line })}
            />
            <Show when={!tenant.account()}>
              <Redeem class="mt-4" account={account()} />
            </Show>
            <Show when={!tenant.account() && tenant.has('billing.write')}>
              <Charges class="mt-4" account={account()} />
            </Show>
            <ChangeHistory class="mt-4" of={{ account_id: account() }} />
          </>
        )}
      </Load>
      <Show when={finalising()}>
        {(one) => <FinaliseDialog draft={one()} onClose={() => setFinalising(undefined)} />}
      </Show>
      <Show when={explained()}>
        {(one) => (
          <ExplainDrawer
            line={one().line}
            zone={one().draft.zone}
            queryKey={['explanation', 'draft', account(), one().line.id, one().draft.period.to]}
            ask={() => api.explainDraftLine(account(), one().line.id, one().draft.period.to)}
            onClose={() => setExplained(undefined)}
          />
        )}
      </Show>
    </Page>
  )
}

function DraftDocument(props: { draft: Draft; project: string; onExplain: (line: Line) => void }) {
  const part = () => props.draft.by_project.find((one) => partKey(one) === props.project)
  return (
    <Document
      id={props.draft.account_id}
      heading={say.month(`${props.draft.month}-15T12:00:00Z`, 'UTC')}
      mark={<Badge tone="accent">{t('draft.mark')}</Badge>}
      facts={[
        {
          label: t('document.period'),
          value: t('document.period_text', {
            from: say.instant(props.draft.period.from, props.draft.zone),
            to: say.instant(props.draft.period.to, props.draft.zone),
          }),
        },
      ]}
      seller={props.draft.seller}
      buyer={props.draft.buyer}
      currency={props.draft.currency}
      zone={props.draft.zone}
      lines={linesOfPart(props.draft, part())}
      taxes={props.draft.taxes}
      coupons={props.draft.coupons}
      totals={props.draft.totals}
      part={part()?.net}
      branding={props.draft.branding}
      logo={links.logo(props.draft.seller.id, props.draft.branding?.logo?.sha256 ?? '')}
      onExplain={props.onExplain}
      foot={t('document.times_in', { zone: props.draft.zone })}
      empty={
        <EmptyState
          icon={<ReceiptText size={20} />}
          title={t('draft.empty')}
          text={t('draft.empty_text')}
          action={
            <A href={paths.prices} class="text-link">
              {t('draft.see_prices')}
            </A>
          }
        />
      }
    />
  )
}
