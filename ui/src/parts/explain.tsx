/** A line opened to its leaves: sentence, stretches, hours, and the readings that bound them. */
import { type QueryKey, useQuery } from '@tanstack/solid-query'
import ChevronRight from 'lucide-solid/icons/chevron-right'
import type { JSX } from 'solid-js'
import { For, Show } from 'solid-js'
import type { Explanation, Line } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { STATES } from '../i18n/words.ts'
import { fractionText } from '../kit/amount.ts'
import { Drawer } from '../kit/dialog.tsx'
import { ChargeParts } from './charge-parts.tsx'
import { GapList } from './gaps.tsx'
import { Load } from './load.tsx'
import { priceText, timedUnit } from './price-text.tsx'

type Segment = Explanation['segments'][number]
type Hour = Segment['hours'][number]

const SHOWN_DECIMALS = 8

/** An exact amount, cut to some decimals; `≈` where it goes on. */
function exactText(line: Line, decimals: number): { sign: '=' | '≈'; amount: string } {
  const text = fractionText(line.exact, decimals)
  return { sign: text.endsWith('…') ? '≈' : '=', amount: say.rate(text.replace('…', ''), line.currency, decimals) }
}

/** "0.011111 vCPU · h × €0.0125 ≈ €0.00013888 → €0.00" */
function sentenceOf(line: Line): string {
  if (line.correction)
    return `${say.money(line.correction.billed, line.currency)} → ${say.money(line.correction.due, line.currency)}`
  const unit = timedUnit(line.price.model === 'flat' ? '' : line.price.unit, line.price.per)
  const { sign, amount } = exactText(line, SHOWN_DECIMALS)
  const quantity = `${say.decimal(line.quantity_display)} ${unit}`
  const factors = line.charge ? quantity : `${quantity} × ${say.rate(line.price.amount, line.currency)}`
  return `${factors} ${sign} ${amount} → ${say.money(pricedText(line), line.currency)}`
}
/** What it came to before discounts, and before the tax was taken out of it. */
const pricedText = (line: Line): string => line.gross ?? line.gross_inclusive ?? line.net

/** A fraction of the month in per cent. */
function percentText(share: string): string {
  const [part = '0', whole = '1'] = share.split('/')
  return say.decimal(fractionText(`${BigInt(part) * 100n}/${whole}`, 2).replace('…', ''), 2)
}

/** Sizes in bytes are told as people say them. */
const sizeOf = (meter: Line['meter'], size: string): string =>
  meter === 'memory' || meter === 'disk' ? say.bytes(size) : say.decimal(size, 0)

interface Props {
  line: Line
  zone: string
  /** key and function of the question */
  queryKey: QueryKey
  ask: () => Promise<Explanation>
  onClose: () => void
}

export function ExplainDrawer(props: Props) {
  const query = useQuery(() => ({
    queryKey: props.queryKey,
    queryFn: props.ask,
    staleTime: Number.POSITIVE_INFINITY,
  }))
  return (
    <Drawer
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('explain.title')}
      lead={`${props.line.resource.name} · ${t(`meter.${props.line.meter}`)}`}
    >
      <Load query={query}>{(data) => <ExplainTree explanation={data()} zone={props.zone} />}</Load>
    </Drawer>
  )
}

export function ExplainTree(props: { explanation: Explanation; zone: string }) {
  const line = () => props.explanation.line
  const money = (amount: string) => say.money(amount, line().currency)
  const amounts = () => (line().correction?.lines ?? [line()]).flatMap((one) => one.segments.map((part) => part.amount))
  return (
    <div class="flex flex-col gap-5">
      <div class="rounded-xl border border-line bg-sunken px-4 py-3.5">
        <p class="tabular m-0 text-[0.9375rem] leading-6 font-medium text-pretty">{sentenceOf(line())}</p>
        <dl class="tabular m-0 mt-3 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-[0.8125rem]">
          <Fact label={t('explain.exact')}>
            <span class="font-mono">{line().exact}</span> {exactText(line(), 12).sign} {exactText(line(), 12).amount} →{' '}
            {money(pricedText(line()))}
            <span class="block text-muted">{t('explain.rounded')}</span>
          </Fact>
          <For each={line().discounts}>
            {(one) => <Fact label={t('tax.discount', { code: one.code })}>−{money(one.amount)}</Fact>}
          </For>
          <Show when={line().gross_inclusive}>
            {(gross) => (
              <Fact label={t('tax.with_tax')}>
                {money(gross())} → {money(line().net)}
                <span class="block text-muted">{t('tax.out_of')}</span>
              </Fact>
            )}
          </Show>
          <Fact label={t('explain.price')}>
            {priceText({ ...line().price, currency: line().currency })}
            <span class="block text-muted">
              {t('explain.price_since', { at: say.instant(line().price.effective_at, props.zone) })}
            </span>
          </Fact>
          <Show when={line().charge}>
            {(charge) => (
              <Fact label={t('explain.charge')}>
                <ChargeParts
                  charge={charge()}
                  unit={timedUnit(line().price.unit, line().price.per)}
                  currency={line().currency}
                />
                <Show when={line().price.terms?.included ?? line().price.terms?.minimum ?? line().price.terms?.maximum}>
                  <span class="block text-muted">{t('explain.share', { percent: percentText(charge().share) })}</span>
                </Show>
              </Fact>
            )}
          </Show>
          <Show when={line().gaps}>
            <Fact label={t('explain.gaps')}>
              {say.duration(line().unobserved_ms)}
              <GapList line={line()} zone={props.zone} shown={Number.POSITIVE_INFINITY} />
            </Fact>
          </Show>
          <Fact label={t('explain.tax')}>
            {t('explain.tax_text', {
              rate: say.decimal(props.explanation.tax.rate, 2),
              category: t(`document.category.${props.explanation.tax.category}`),
              base: money(props.explanation.tax.base),
            })}
            <Show when={props.explanation.tax.reason}>
              {(reason) => (
                <span class="block text-muted">
                  {[reason().text[language()], reason().code].filter(Boolean).join(' · ')}
                </span>
              )}
            </Show>
          </Fact>
        </dl>
      </div>
      <section>
        <h3 class="text-sm font-semibold">{t('explain.segments', props.explanation.segments.length)}</h3>
        <p class="m-0 mb-3 text-[0.8125rem] text-muted">{t('explain.segment_text')}</p>
        <div class="flex flex-col gap-2">
          <For each={props.explanation.segments}>
            {(segment, index) => (
              <SegmentTree
                segment={segment}
                exact={amounts()[index()]}
                zone={props.zone}
                open={index() === 0}
                line={line()}
              />
            )}
          </For>
        </div>
      </section>
    </div>
  )
}

const Fact = (props: { label: string; children: JSX.Element }) => (
  <>
    <dt class="text-muted">{props.label}</dt>
    <dd class="m-0 min-w-0 break-words">{props.children}</dd>
  </>
)

const Fold = (props: { open?: boolean; summary: JSX.Element; children: JSX.Element; class?: string }) => (
  <details open={props.open} class={`group/fold ${props.class ?? ''}`}>
    <summary class="flex list-none items-start gap-2 rounded-lg px-3 py-2.5 hover:bg-hover [&::-webkit-details-marker]:hidden">
      <ChevronRight size={16} class="mt-0.5 shrink-0 text-muted transition-transform group-open/fold:rotate-90" />
      <span class="flex min-w-0 flex-1 flex-wrap items-baseline justify-between gap-x-4">{props.summary}</span>
    </summary>
    {props.children}
  </details>
)

const span = (from: string, to: string, zone: string) => `${say.instant(from, zone)} → ${say.instant(to, zone)}`
const stateText = (state: string | null) => {
  const known = STATES.find((one) => one === state)
  return known ? t(`state.${known}`) : (state ?? '–')
}

interface SegmentProps {
  segment: Segment
  /** the amount as a fraction, as it is on the line */
  exact: string | undefined
  zone: string
  open: boolean
  line: Line
}

function SegmentTree(props: SegmentProps) {
  const one = () => props.segment
  return (
    <Fold
      open={props.open}
      class="rounded-xl border border-line"
      summary={
        <>
          <span class="tabular">{span(one().from, one().to, props.zone)}</span>
          <span class="tabular font-medium">{say.rate(one().amount, props.line.currency, SHOWN_DECIMALS)}</span>
        </>
      }
    >
      <div class="border-t border-line px-4 py-3">
        <dl class="tabular m-0 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-[0.8125rem]">
          <Fact label={t('explain.owner')}>{one().owner}</Fact>
          <Show when={one().state}>
            <Fact label={t('explain.state')}>{stateText(one().state)}</Fact>
          </Show>
          <Show when={one().host_name}>
            <Fact label={t('explain.host')}>{one().host_name}</Fact>
          </Show>
          <Show when={one().size}>
            {(size) => <Fact label={t('explain.size')}>{sizeOf(props.line.meter, size())}</Fact>}
          </Show>
          <Fact label={t('explain.quantity')}>
            {say.decimal(one().quantity, 0)}{' '}
            <span class="text-muted">{one().size === null ? t('explain.base_units') : t('explain.base_units_ms')}</span>
          </Fact>
          <Fact label={t('explain.amount')}>
            <span class="font-mono break-all">{props.exact ?? one().amount}</span>
          </Fact>
          <Show when={one().observed_version_id}>
            {(id) => (
              <Fact label={t('explain.version')}>
                <span class="font-mono break-all">{id()}</span>
              </Fact>
            )}
          </Show>
          <Fact label={t('explain.assignment')}>
            <span class="font-mono break-all">{one().assignment_id}</span>
          </Fact>
        </dl>
        <Show when={one().unobserved_ms > 0}>
          <p class="m-0 mt-2 text-[0.8125rem] text-warn">
            {one().skipped
              ? t('explain.skipped')
              : t('explain.unobserved', { time: say.duration(one().unobserved_ms) })}
          </p>
        </Show>
        <Show when={one().estimated}>
          <p class="m-0 mt-2 text-[0.8125rem] text-warn">{t('explain.estimated')}</p>
        </Show>
        <Show
          when={one().hours.length > 0}
          fallback={<p class="m-0 mt-3 text-[0.8125rem] text-muted">{t('explain.no_hours')}</p>}
        >
          <h4 class="mt-4 mb-1 text-[0.8125rem] font-semibold">{t('explain.hours', one().hours.length)}</h4>
          <div class="-mx-2 flex flex-col">
            <For each={one().hours}>{(hour) => <HourTree hour={hour} zone={props.zone} />}</For>
          </div>
        </Show>
      </div>
    </Fold>
  )
}

const HourTree = (props: { hour: Hour; zone: string }) => (
  <Fold
    summary={
      <>
        <span class="tabular text-[0.8125rem]">{say.instant(props.hour.from, props.zone)}</span>
        <span class="tabular text-[0.8125rem] text-muted">
          {say.decimal(props.hour.quantity, 0)} · {t('explain.readings', props.hour.reading_count)}
        </span>
      </>
    }
  >
    <div class="flex flex-col gap-3 px-3 pb-3 pl-9 text-[0.8125rem]">
      <For each={props.hour.bounds}>
        {(bound) => (
          <div class="rounded-lg border border-line bg-sunken px-3 py-2">
            <p class="m-0 font-medium">
              {bound.device} <span class="font-normal text-muted">· {t('explain.epoch', { epoch: bound.epoch })}</span>
            </p>
            <dl class="tabular m-0 mt-1 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
              <Reading label={t('explain.first')} reading={bound.first} zone={props.zone} />
              <Reading label={t('explain.last')} reading={bound.last} zone={props.zone} />
            </dl>
          </div>
        )}
      </For>
      <p class="m-0 font-mono text-xs break-all text-muted">
        {t('explain.digest')} {props.hour.digest}
      </p>
    </div>
  </Fold>
)

const Reading = (props: { label: string; reading: Hour['bounds'][number]['first']; zone: string }) => (
  <Fact label={props.label}>
    <span class="font-medium">{say.decimal(props.reading.value, 0)}</span>{' '}
    <span class="text-muted">{say.preciseInstant(props.reading.at, props.zone)}</span>
    <span class="block font-mono text-xs break-all text-muted">
      {t('explain.spool', { spool: props.reading.spool, sequence: String(props.reading.sequence) })}
    </span>
  </Fact>
)
