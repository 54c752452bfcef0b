/** One resource: what it is, costs and does now, and what it was. */
import { A, useParams } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import ArrowRightLeft from 'lucide-solid/icons/arrow-right-left'
import Gauge from 'lucide-solid/icons/gauge'
import type { JSX } from 'solid-js'
import { createSignal, Show } from 'solid-js'
import { api, type ResourceCost, type ResourceDetail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { METERS } from '../i18n/words.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { createNow } from '../kit/clock.ts'
import { Skeleton, SkeletonRows } from '../kit/skeleton.tsx'
import { tell } from '../kit/toast.tsx'
import { BackLink } from '../parts/back.tsx'
import { ChangeHistory } from '../parts/history.tsx'
import { LimitDialog } from '../parts/limit-dialog.tsx'
import { LimitWarning } from '../parts/limit-state.tsx'
import { Load } from '../parts/load.tsx'
import { Page, Section } from '../parts/page.tsx'
import { HourlyCost } from '../parts/quantity.tsx'
import { RackPlace } from '../parts/rack-place.tsx'
import { ResourceCharts } from '../parts/resource-charts.tsx'
import { CostLines, Current, Identity, Placement } from '../parts/resource-facts.tsx'
import { CoveredNote, isMachine, ResourceEyes } from '../parts/resource-eyes.tsx'
import { ResourceHistory, sizeText } from '../parts/resource-history.tsx'
import { ReasonDialog } from '../parts/reason-dialog.tsx'
import { ResourceState } from '../parts/state.tsx'
import { createMay } from '../parts/may.ts'
import { createTenant } from '../parts/tenant.ts'
import { TransferDialog } from '../parts/transfer-dialog.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function ResourcePage() {
  const params = useParams()
  const id = () => params['id'] ?? ''
  return (
    <Show when={id()} keyed>
      {(one) => <OneResource id={one} />}
    </Show>
  )
}

function OneResource(props: { id: string }) {
  const query = useQuery(() => queries.resource(props.id))
  const tenant = createTenant()
  const cost = useQuery(() => ({ ...queries.cost(props.id), enabled: tenant.has('billing.read') }))
  const history = useQuery(() => queries.history(props.id))
  const values = useQuery(() => queries.currentValues(props.id))
  const may = createMay()
  const [limiting, setLimiting] = createSignal(false)
  const [transferring, setTransferring] = createSignal(false)
  const [takingBack, setTakingBack] = createSignal<string>()
  const resource = () => (query.status === 'success' ? query.data : undefined)
  const path = () => `/resources/${props.id}`
  return (
    <Page
      title={resource()?.name ?? t('resources.title')}
      above={<BackLink href={paths.resources()} label={t('resources.title')} />}
      lead={
        <Show when={resource()} fallback={'\u00a0'}>
          {(one) => <Lead resource={one()} />}
        </Show>
      }
      curl={[path(), `${path()}/history`, `${path()}/metrics`, `${path()}/cost`]}
      actions={
        <>
          <Show
            when={tenant.has('accounts.write') && !resource()?.held_until ? resource()?.owner?.account_id : undefined}
          >
            <Button icon={<Gauge size={16} />} onClick={() => setLimiting(true)}>
              {t('limits.set_limit')}
            </Button>
          </Show>
          <Show when={tenant.account() ? undefined : resource()}>
            {(one) => (
              <Button
                {...may('inventory.assign')}
                icon={<ArrowRightLeft size={16} />}
                onClick={() => setTransferring(true)}
              >
                {one().owner ? t('resource.transfer') : t('resource.assign')}
              </Button>
            )}
          </Show>
        </>
      }
    >
      <Load query={query} skeleton={<PageSkeleton />}>
        {(data) => (
          <div class="flex flex-col gap-4">
            <Show when={data().conflict}>
              <p
                role="alert"
                class="m-0 rounded-xl border border-warn-mark/40 bg-warn-soft px-4 py-3 text-sm text-warn"
              >
                {t('resource.conflict')}
              </p>
            </Show>
            <CoveredNote resource={data()} />
            <Figures resource={data()} cost={cost.status === 'success' ? cost.data : undefined} />
            <ResourceCharts resource={data()} />
            <div class={`grid items-start gap-4 ${tenant.account() ? '' : 'lg:grid-cols-2'}`}>
              <Show when={tenant.has('billing.read')}>
                <Section title={t('resource.cost_so_far')}>
                  <Load query={cost}>{(known) => <CostLines cost={known()} />}</Load>
                </Section>
              </Show>
              <Show when={!tenant.account()}>
                <Section
                  title={t('resource.placement')}
                  actions={
                    <Show when={!may('agents.read').disabled && data().ended_at === null}>
                      <A href={paths.topology(data().id)} class="link text-[0.8125rem]">
                        {t('topology.title')}
                      </A>
                    </Show>
                  }
                >
                  <Placement resource={data()} />
                  <Show when={data().kind === 'host' && !may('agents.read').disabled}>
                    <RackPlace resource={data()} />
                  </Show>
                </Section>
              </Show>
            </div>
            <Show when={isMachine(data()) && !tenant.account()}>
              <Section title={t('resource.eyes')}>
                <ResourceEyes resource={data()} />
              </Section>
            </Show>
            <Section title={t('resource.history')}>
              <Load query={history}>
                {(known) => (
                  <ResourceHistory
                    history={known()}
                    onTakeBack={tenant.account() || may('inventory.assign').disabled ? undefined : setTakingBack}
                  />
                )}
              </Load>
            </Section>
            <ChangeHistory of={{ subject_kind: 'resource', subject_id: props.id }} />
            <div class="grid items-start gap-4 lg:grid-cols-2">
              <Section title={t('resource.identity')}>
                <Identity resource={data()} />
              </Section>
              <Section title={t('resource.current')}>
                <Load query={values}>{(known) => <Current values={known()} />}</Load>
              </Section>
            </div>
            <Show when={limiting() ? data().owner : undefined}>
              {(owner) => (
                <LimitDialog
                  account={owner().account_id}
                  resource={{ id: props.id, name: data().name }}
                  onClose={() => setLimiting(false)}
                />
              )}
            </Show>
            <Show when={transferring()}>
              <TransferDialog resource={data()} onClose={() => setTransferring(false)} />
            </Show>
            <Show when={takingBack()}>
              {(from) => <TakeBackDialog resource={data()} from={from()} onClose={() => setTakingBack(undefined)} />}
            </Show>
          </div>
        )}
      </Load>
    </Page>
  )
}

/** What was decided of its owner holds no more from its own beginning on. */
function TakeBackDialog(props: { resource: ResourceDetail; from: string; onClose: () => void }) {
  const client = useQueryClient()
  const names = () => ({ name: props.resource.name })
  return (
    <ReasonDialog
      title={t('adopt.take_back_title', names())}
      text={t('adopt.take_back_text', { from: say.instant(props.from) })}
      button={t('adopt.take_back_button')}
      run={(reason) => api.withdrawTransfers(props.resource.id, { from: props.from, reason })}
      onDone={() => {
        tell(t('adopt.taken_back', names()), 'ok', t('common.close'))
        for (const key of ['resource', 'resources', 'drafts', 'reconciliation'])
          void client.invalidateQueries({ queryKey: [key] })
        props.onClose()
      }}
      onClose={props.onClose}
    />
  )
}

const Lead = (props: { resource: ResourceDetail }) => (
  <span class="tabular flex flex-wrap items-center gap-x-3 gap-y-1">
    <ResourceState state={props.resource.state} ended={props.resource.ended_at !== null} />
    <span>{t(`kind.${props.resource.kind}`)}</span>
    <LimitWarning state={props.resource.usage_state} />
    <Show when={sizeText(props.resource.size)}>{(text) => <span>{text()}</span>}</Show>
    <Show when={props.resource.ended_at}>
      {(at) => <span>{t('resource.ended_at', { at: say.instant(at()) })}</span>}
    </Show>
    <Show when={props.resource.held_until}>{(at) => <span>{t('my.held_until', { at: say.instant(at()) })}</span>}</Show>
  </span>
)

const Figure = (props: { label: string; children: JSX.Element; note?: JSX.Element }) => (
  <div class="card min-w-0 px-4 py-3">
    <dt class="text-[0.8125rem] text-muted">{props.label}</dt>
    <dd class="tabular m-0 mt-0.5 min-h-7 truncate text-lg font-semibold tracking-tight">{props.children}</dd>
    <dd class="m-0 min-h-5 truncate text-[0.8125rem] text-muted">{props.note}</dd>
  </div>
)

function meterNames(meters: readonly string[]): string {
  return meters
    .map((name) => {
      const known = METERS.find((one) => one === name)
      return known ? t(`meter.${known}`) : name
    })
    .join(', ')
}

function Figures(props: { resource: ResourceDetail; cost: ResourceCost | undefined }) {
  const tenant = createTenant()
  const now = createNow()
  const wait = <Skeleton class="mt-1 h-5 w-20" />
  return (
    <dl class="m-0 grid grid-cols-2 gap-3 lg:grid-cols-4">
      <Figure label={t('resource.per_hour')} note={<Unpriced cost={props.cost} />}>
        <HourlyCost cost={props.resource.cost_per_hour} none={t('resource.unpriced')} />
      </Figure>
      <Show when={tenant.has('billing.read')}>
        <Figure label={t('resource.month')}>
          <Show when={props.cost} fallback={wait}>
            {(cost) => say.money(cost().month_to_date, cost().currency)}
          </Show>
        </Figure>
      </Show>
      <Figure label={t('resource.owner')} note={props.resource.owner?.project_name}>
        <Show when={props.resource.owner} fallback={<Badge tone="warn">{t('common.nobody')}</Badge>}>
          {(owner) => (
            <A
              href={paths.resources({ account_id: owner().account_id })}
              class="rounded text-text hover:text-accent-text"
            >
              {owner().account_name}
            </A>
          )}
        </Show>
      </Figure>
      <Figure
        label={t('resource.last_seen')}
        note={<Show when={props.resource.last_seen_at}>{(at) => say.instant(at())}</Show>}
      >
        <Show when={props.resource.last_seen_at} fallback={t('common.never')}>
          {(at) => say.relative(at(), now())}
        </Show>
      </Figure>
    </dl>
  )
}

const Unpriced = (props: { cost: ResourceCost | undefined }) => (
  <Show when={props.cost?.unrated.length}>
    <A
      href={`${paths.prices}?set=1`}
      class="link text-warn"
      title={t('resource.unrated', { meters: meterNames(props.cost?.unrated ?? []) })}
    >
      {t('resource.unrated', { meters: meterNames(props.cost?.unrated ?? []) })}
    </A>
  </Show>
)

const PageSkeleton = () => (
  <div class="flex flex-col gap-4">
    <div class="grid grid-cols-2 gap-3 lg:grid-cols-4">
      <Skeleton class="h-23" />
      <Skeleton class="h-23" />
      <Skeleton class="h-23" />
      <Skeleton class="h-23" />
    </div>
    <div class="card">
      <SkeletonRows rows={10} label={t('common.loading')} />
    </div>
  </div>
)
