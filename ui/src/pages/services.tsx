/** The services of one account: for those who sell to it, and for itself to read. */
import { A, useParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Package from 'lucide-solid/icons/package'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, For, Show } from 'solid-js'
import type { Subscription, SubscriptionList } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { AccountBooks } from '../parts/account-books.tsx'
import { BackLink } from '../parts/back.tsx'
import { curlLine } from '../parts/curl.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { ServiceCard } from '../parts/service-card.tsx'
import { CancelDialog, ChangeDialog, ResumeDialog, SubscribeDialog } from '../parts/service-dialogs.tsx'
import { LiftDialog, SuspendDialog } from '../parts/service-suspension.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

interface Asked {
  what: keyof typeof DIALOGS
  service: Subscription
}

const DIALOGS = {
  change: ChangeDialog,
  cancel: CancelDialog,
  resume: ResumeDialog,
  suspend: SuspendDialog,
  lift: LiftDialog,
}

export default function Services() {
  const params = useParams()
  const tenant = createTenant()
  const account = () => params['account'] ?? tenant.account()?.id ?? ''
  const isStaff = () => params['account'] !== undefined
  const query = useQuery(() => ({ ...queries.services(account()), enabled: account() !== '' }))
  const accounts = useQuery(() => queries.accounts())
  const name = () =>
    accounts.status === 'success' ? (accounts.data.items.find((one) => one.id === account())?.name ?? '') : ''
  const may = createMay()
  const [adding, setAdding] = createSignal(false)
  const [asked, setAsked] = createSignal<Asked | null>(null)
  const add = () => (
    <Button variant="primary" icon={<Plus size={16} />} onClick={() => setAdding(true)} {...may('contracts.write')}>
      {t('services.subscribe')}
    </Button>
  )
  return (
    <Page
      title={isStaff() ? t('services.title', { name: name() }) : t('services.mine')}
      above={
        <Show when={isStaff()}>
          <BackLink href={paths.accounts} label={t('accounts.title')} />
        </Show>
      }
      lead={t('services.lead')}
      curl={[`/accounts/${account()}/services`]}
      actions={<Show when={isStaff()}>{add()}</Show>}
    >
      <Load query={query}>
        {(data) => (
          <>
            <Show
              when={data().items.length > 0}
              fallback={<NoService account={account()} isStaff={isStaff()} onAdd={() => setAdding(true)} />}
            >
              <div class="flex flex-col gap-4">
                <For each={data().items}>
                  {(service) => (
                    <ServiceCard
                      service={service}
                      parent={data().items.find((one) => one.id === service.parent_id)}
                      isStaff={isStaff()}
                      onChange={() => setAsked({ what: 'change', service })}
                      onCancel={() => setAsked({ what: 'cancel', service })}
                      onResume={() => setAsked({ what: 'resume', service })}
                      onSuspend={() => setAsked({ what: 'suspend', service })}
                      onLift={() => setAsked({ what: 'lift', service })}
                    />
                  )}
                </For>
              </div>
            </Show>
            <Unattached list={data().unattached} />
            <Show when={isStaff() && tenant.has('catalog.read')}>
              <AccountBooks account={account()} name={name()} />
            </Show>
            <Show when={adding()}>
              <SubscribeDialog account={account()} services={data().items} onClose={() => setAdding(false)} />
            </Show>
          </>
        )}
      </Load>
      <Show when={asked()} keyed>
        {({ what, service }) => {
          const Asking = DIALOGS[what]
          return <Asking service={service} onClose={() => setAsked(null)} />
        }}
      </Show>
    </Page>
  )
}

const Unattached = (props: { list: SubscriptionList['unattached'] }) => (
  <Show when={props.list.length > 0}>
    <Section class="mt-4" title={t('services.unattached')} lead={t('services.unattached_text')}>
      <ul class="m-0 flex list-none flex-wrap gap-x-4 gap-y-1 p-4 text-sm">
        <For each={props.list}>
          {(one) => (
            <li>
              <A href={paths.resource(one.id)} class="text-link">
                {one.name}
              </A>{' '}
              <span class="text-[0.8125rem] text-muted">{t(`kind.${one.kind}`)}</span>
            </li>
          )}
        </For>
      </ul>
    </Section>
  </Show>
)

function NoService(props: { account: string; isStaff: boolean; onAdd: () => void }) {
  const may = createMay()
  return (
    <div class="card">
      <EmptyState
        icon={<Package size={20} />}
        title={t('services.empty')}
        text={t(props.isStaff ? 'services.empty_text' : 'services.empty_mine')}
        action={
          props.isStaff ? (
            <Button variant="primary" onClick={() => props.onAdd()} {...may('contracts.write')}>
              {t('services.subscribe')}
            </Button>
          ) : undefined
        }
      >
        <Show when={props.isStaff}>
          <CopyLine
            label={t('common.copy_as_curl')}
            labels={{ copy: t('common.copy'), copied: t('common.copied') }}
            text={curlLine(`/accounts/${props.account}/services`, { plan_id: '…', quantity: 1 })}
          />
        </Show>
      </EmptyState>
    </div>
  )
}
