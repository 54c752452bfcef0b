/** One service as a card: what was agreed, what it costs a month, what fulfils it, and how it came to be so. */
import { For, Show } from 'solid-js'
import type { Subscription } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { createMay } from './may.ts'
import { nameText } from './person-name.ts'
import { nameOf } from './service-dialogs.tsx'
import { priceText } from './price-text.tsx'
import { keptPrices } from './service-prices.tsx'
import { ServiceResources } from './service-resources.tsx'
import { SuspensionBadge, SuspensionButton, SuspensionNote, Suspensions } from './service-suspension.tsx'

const TONES: Record<Subscription['state'], Tone> = {
  scheduled: 'accent',
  trial: 'accent',
  active: 'ok',
  cancelled: 'idle',
}

interface Props {
  service: Subscription
  /** of an add-on: the service that it was added to */
  parent: Subscription | undefined
  isStaff: boolean
  onChange: () => void
  onCancel: () => void
  onResume: () => void
  onSuspend: () => void
  onLift: () => void
}

export function ServiceCard(props: Props) {
  const may = createMay()
  const one = () => props.service
  return (
    <section class="card flex min-w-0 flex-col gap-3 p-4" aria-label={nameOf(one())}>
      <header class="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div class="min-w-0 flex-1 basis-52">
          <h2 class="flex flex-wrap items-center gap-2 text-sm font-semibold">
            {nameOf(one())}
            <Show when={one().quantity > 1}>
              <span class="tabular font-normal text-muted">× {say.decimal(String(one().quantity), 0)}</span>
            </Show>
            <Badge tone={TONES[one().state]}>{t(`services.state.${one().state}`)}</Badge>
            <Show when={one().suspension}>{(of) => <SuspensionBadge of={of()} />}</Show>
          </h2>
          <p class="m-0 text-[0.8125rem] text-muted">
            {t(`plans.product.${one().plan.product_kind}`)}
            <Show when={props.parent}>
              {(parent) => (
                <>
                  {' · '}
                  {t('services.add_on')}: {nameOf(parent())}
                </>
              )}
            </Show>
          </p>
        </div>
        <Show when={props.isStaff && one().state !== 'cancelled'}>
          <div class="flex flex-wrap gap-2">
            <SuspensionButton service={one()} onSuspend={() => props.onSuspend()} onLift={() => props.onLift()} />
            <Button size="small" onClick={() => props.onChange()} {...may('contracts.write')}>
              {t('services.change')}
            </Button>
            <Show
              when={one().to === null || one().to === props.parent?.to}
              fallback={
                <Button size="small" variant="ghost" onClick={() => props.onResume()} {...may('contracts.write')}>
                  {t('services.resume')}
                </Button>
              }
            >
              <Button size="small" variant="ghost" onClick={() => props.onCancel()} {...may('contracts.write')}>
                {t('services.cancel')}
              </Button>
            </Show>
          </div>
        </Show>
      </header>
      <Show when={one().suspension}>{(of) => <SuspensionNote of={of()} />}</Show>
      <Facts service={one()} />
      <ServiceResources service={one()} isStaff={props.isStaff} />
      <Show when={one().versions.length > 1}>
        <Versions service={one()} />
      </Show>
      <Suspensions service={one()} />
    </section>
  )
}

/** A fee that is a percentage of what else is charged. */
const shareText = ({ fee_percentage: share, currency }: Subscription): string =>
  share ? priceText({ ...share, amount: '0', currency, per: 'month', unit: 'service' }) : ''

const Facts = (props: { service: Subscription }) => (
  <dl class="tabular m-0 grid grid-cols-2 gap-x-6 gap-y-2 text-sm sm:grid-cols-3 [&_dt]:text-[0.8125rem] [&_dt]:text-muted [&_dd]:m-0">
    <div>
      <dt>{t('services.fee')}</dt>
      <dd class="font-medium">
        <Show when={props.service.fee} fallback={shareText(props.service) || '–'}>
          {(fee) => <>{say.money(fee(), props.service.currency)}</>}
        </Show>
        <Show when={keptPrices(props.service)}>
          {(at) => (
            <span class="block font-normal text-muted">{t('explain.prices_as_of', { at: say.instant(at()) })}</span>
          )}
        </Show>
      </dd>
    </div>
    <div>
      <dt>{t('services.since')}</dt>
      <dd>
        {say.instant(props.service.from)}
        <Show when={props.service.to}>
          {(at) => <span class="block text-muted">{t('services.until', { at: say.instant(at()) })}</span>}
        </Show>
      </dd>
    </div>
    <Show when={props.service.renews_at}>
      {(at) => (
        <div>
          <dt>{t('services.renews')}</dt>
          <dd>
            {say.instant(at())}
            <Show when={props.service.anchor === 'anniversary'}>
              <span class="block text-muted">{t('plans.anchor_anniversary')}</span>
            </Show>
            <Show when={props.service.state === 'trial' && props.service.trial_until}>
              {(until) => (
                <span class="block text-muted">{t('services.trial_until', { at: say.instant(until()) })}</span>
              )}
            </Show>
          </dd>
        </div>
      )}
    </Show>
  </dl>
)

const Versions = (props: { service: Subscription }) => (
  <details class="text-[0.8125rem]">
    <summary class="w-fit cursor-pointer rounded text-muted hover:text-text">{t('services.history')}</summary>
    <ol class="tabular m-0 mt-2 list-none p-0">
      <For each={props.service.versions}>
        {(version) => (
          <li class="border-l border-line py-1 pl-3">
            {version.plan.name[language()]} × {version.quantity} · {say.instant(version.from)}
            <Show when={version.to}>{(to) => <> {t('services.until', { at: say.instant(to()) })}</>}</Show>
            <span class="block text-muted">
              {nameText(version.actor)}
              {version.reason && `: ${version.reason}`}
            </span>
          </li>
        )}
      </For>
    </ol>
  </details>
)
