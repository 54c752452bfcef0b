/** An invoice or draft as the document that it is: parties, lines by resource, taxes, totals. */
import type { JSX } from 'solid-js'
import { createMemo, For, Show } from 'solid-js'
import ListTree from 'lucide-solid/icons/list-tree'
import type { Draft, Line } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { GapList } from './gaps.tsx'
import { lineGroup, lineKind, lineName, meteredText } from './line-text.ts'
import { inOutText } from './percentile-text.tsx'
import { PriceAmount, priceText, timedUnit } from './price-text.tsx'
import { TermText } from './term-text.tsx'

export interface DocumentContent {
  /** of the invoice, or of the account whose draft it is */
  id: string
  heading: string
  mark?: JSX.Element
  facts: { label: string; value: string }[]
  seller: Draft['seller']
  buyer: Draft['buyer']
  currency: string
  zone: string
  lines: readonly Line[]
  taxes: Draft['taxes']
  coupons?: Draft['coupons']
  totals: Draft['totals']
  /** the net of the lines that are shown, where they are only a part of the document */
  part?: string
  branding?: Draft['branding']
  /** the address of its logo */
  logo?: string
  foot?: JSX.Element
  empty: JSX.Element
  onExplain: (line: Line) => void
}

export const Document = (props: DocumentContent) => (
  <article class="card overflow-hidden" data-document={props.id}>
    <header class="flex flex-wrap items-start justify-between gap-x-8 gap-y-4 border-b border-line px-5 py-5 sm:px-7">
      <div>
        <Show when={props.branding?.logo && props.logo}>
          {(address) => (
            <img
              src={address()}
              alt={t('branding.logo')}
              class="mb-3 h-10 max-w-44 rounded bg-white object-contain p-1"
            />
          )}
        </Show>
        <h2 class="flex flex-wrap items-center gap-3 text-lg font-semibold tracking-tight">
          <span class="inline-block first-letter:uppercase">{props.heading}</span> {props.mark}
        </h2>
        <dl class="m-0 mt-3 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-[0.8125rem]">
          <For each={props.facts}>
            {(fact) => (
              <>
                <dt class="text-muted">{fact.label}</dt>
                <dd class="tabular m-0">{fact.value}</dd>
              </>
            )}
          </For>
        </dl>
      </div>
      <div class="grid min-w-0 gap-x-10 gap-y-4 text-[0.8125rem] sm:grid-cols-2">
        <PartyBlock title={t('document.from')} party={props.seller} />
        <PartyBlock title={t('document.bill_to')} party={props.buyer} />
      </div>
    </header>
    <Show when={props.lines.length > 0} fallback={props.empty}>
      <Lines {...props} />
    </Show>
    <Show when={props.part} fallback={<Totals {...props} />}>
      {(net) => <PartTotal net={net()} currency={props.currency} />}
    </Show>
    <Show when={props.branding}>{(branding) => <Branded {...branding()} />}</Show>
    <Show when={props.foot}>
      <footer class="border-t border-line px-5 py-4 text-[0.8125rem] text-muted sm:px-7">{props.foot}</footer>
    </Show>
  </article>
)

/** Payment details, and the small print in the reader's language. */
const Branded = (props: NonNullable<Draft['branding']>) => (
  <Show when={props.bank !== null || props.footer[language()] !== ''}>
    <div class="flex flex-col gap-3 px-5 pb-5 text-[0.8125rem] sm:px-7">
      <Show when={props.bank}>
        {(bank) => (
          <dl class="m-0 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
            <dt class="text-muted">{t('branding.bank')}</dt>
            <dd class="m-0">{bank().name}</dd>
            <dt class="text-muted">IBAN</dt>
            <dd class="tabular m-0 break-all">{bank().iban}</dd>
            <dt class="text-muted">BIC</dt>
            <dd class="tabular m-0">{bank().bic}</dd>
          </dl>
        )}
      </Show>
      <p class="m-0 break-words whitespace-pre-line text-muted">{props.footer[language()]}</p>
    </div>
  </Show>
)

const PartyBlock = (props: { title: string; party: Draft['seller'] }) => (
  <div class="min-w-0">
    <h3 class="mb-1 text-xs font-medium text-muted">{props.title}</h3>
    <address class="not-italic break-words">
      <span class="font-medium">{props.party.name}</span>
      <For each={addressLines(props.party)}>{(line) => <span class="block">{line}</span>}</For>
    </address>
  </div>
)

function addressLines({ address, tax_id }: Draft['seller']): string[] {
  const city = [address.postal_code, address.city].filter(Boolean).join(' ')
  return [address.street, city, address.country, tax_id ? `${t('document.tax_id')} ${tax_id}` : ''].filter(Boolean)
}

function Lines(props: DocumentContent) {
  const groups = createMemo(() => [...Map.groupBy(props.lines, lineGroup).values()])
  const head =
    'border-b border-line px-3 py-2.5 text-xs font-medium text-muted first:pl-5 last:pr-3 sm:first:pl-7 sm:last:pr-5'
  return (
    <div role="region" aria-label={props.heading} tabindex="0" class="relative overflow-x-auto">
      <table class="w-full text-sm sm:min-w-[40rem]">
        <thead>
          <tr>
            <th scope="col" class={`${head} text-left`}>
              {t('document.item')}
            </th>
            <th scope="col" class={`${head} text-right max-sm:hidden`}>
              {t('document.quantity')}
            </th>
            <th scope="col" class={`${head} text-left max-sm:hidden`}>
              {t('document.price')}
            </th>
            <th scope="col" class={`${head} text-right`}>
              {t('document.amount')}
            </th>
            <th scope="col" class={head}>
              <span class="sr-only">{t('document.explain')}</span>
            </th>
          </tr>
        </thead>
        <For each={groups()}>
          {(lines) => (
            <tbody>
              <tr>
                <th scope="rowgroup" colspan="5" class="px-5 pt-4 pb-1 text-left font-semibold sm:px-7">
                  <Show when={lines[0]}>{(line) => lineName(line())}</Show>
                  <span class="ml-2 text-[0.8125rem] font-normal text-muted">
                    <Show when={lines[0]}>{(line) => lineKind(line())}</Show>
                    <Show when={lines[0]?.for_account}>
                      {(customer) => <>, {t('document.for_account', { name: customer().name })}</>}
                    </Show>
                  </span>
                </th>
              </tr>
              <For each={lines}>{(line) => <LineRow line={line} zone={props.zone} onExplain={props.onExplain} />}</For>
            </tbody>
          )}
        </For>
      </table>
    </div>
  )
}

/** Of a note: what was billed and what is correct. */
const Corrected = (props: { line: Line; of: NonNullable<Line['correction']> }) => (
  <span class="tabular block text-[0.8125rem] text-muted">
    {say.money(props.of.billed, props.line.currency)} → {say.money(props.of.due, props.line.currency)},{' '}
    {props.of.causes.map((cause) => t(`notes.causes.${cause}`)).join(', ')}
  </span>
)

const Quantity = (props: { line: Line }) => (
  <Show when={props.line.percentage_of} fallback={<Metered line={props.line} />}>
    {(of) => <>{t('document.percentage_of', { amount: say.money(of().amount, props.line.currency) })}</>}
  </Show>
)
const Metered = (props: { line: Line }) => (
  <>
    {say.decimal(props.line.quantity_display)}{' '}
    <span class="text-muted">
      {timedUnit(props.line.price.model === 'flat' ? '' : props.line.price.unit, props.line.price.per)}
    </span>
  </>
)

/** What it cost before discounts, what was taken off, and of a price with tax what it costs with it. */
const Shared = (props: { line: Line }) => {
  const money = (amount: string) => say.money(amount, props.line.currency)
  /** nothing to say where there is no tax in it */
  const withTax = () => (props.line.gross_inclusive === props.line.net ? undefined : props.line.gross_inclusive)
  const parts = () => [
    ...(props.line.gross === undefined ? [] : [`${t('tax.gross')} ${money(props.line.gross)}`]),
    ...(props.line.discounts ?? []).map((one) => `${one.code} −${money(one.amount)}`),
    ...(withTax() === undefined ? [] : [`${t('tax.with_tax')} ${money(withTax() ?? '')}`]),
  ]
  return (
    <Show when={parts().length > 0}>
      <span class="tabular block text-[0.8125rem] text-muted">{parts().join(', ')}</span>
    </Show>
  )
}

/** the rest stands in the explanation */
const SHOWN_GAPS = 2

function LineRow(props: { line: Line; zone: string; onExplain: (line: Line) => void }) {
  const cell = 'px-3 py-1.5 first:pl-5 last:pr-3 sm:first:pl-7 sm:last:pr-5'
  const name = () => (props.line.one_off ? say.date(props.line.one_off.at, props.zone) : meteredText(props.line))
  return (
    <tr class="hover:bg-hover">
      <td class={cell}>
        <span class="flex flex-wrap items-center gap-2">
          {name()}
          <Show when={props.line.resource.kind !== 'service' && props.line.plan}>
            {(plan) => <Badge tone="accent">{plan().name[language()]}</Badge>}
          </Show>
          <Show when={props.line.timing}>
            <Badge tone="accent">{t('document.in_advance')}</Badge>
          </Show>
          <Show when={props.line.segments.some((one) => one.trial)}>
            <Badge tone="idle">{t('services.state.trial')}</Badge>
          </Show>
          <Show when={props.line.estimated}>
            <Badge tone="warn">{t('document.estimated')}</Badge>
          </Show>
          <Show when={props.line.unobserved_ms > 0}>
            <Badge tone="idle">{t('document.unobserved', { time: say.duration(props.line.unobserved_ms) })}</Badge>
          </Show>
        </span>
        <Show when={!props.line.correction && props.line.percentile}>
          {(said) => (
            <span class="tabular block text-[0.8125rem] text-muted">{inOutText(said(), props.line.price.unit)}</span>
          )}
        </Show>
        <GapList line={props.line} zone={props.zone} shown={SHOWN_GAPS} />
        <TermText line={props.line} zone={props.zone} />
        <Shared line={props.line} />
        <Show
          when={props.line.correction}
          fallback={
            <Show when={!props.line.settlement}>
              <span class="tabular block text-[0.8125rem] text-muted sm:hidden">
                <Quantity line={props.line} /> {props.line.charge ? '·' : '×'}{' '}
                {priceText({ ...props.line.price, currency: props.line.currency })}
              </span>
            </Show>
          }
        >
          {(of) => <Corrected line={props.line} of={of()} />}
        </Show>
      </td>
      <td class={`${cell} tabular text-right whitespace-nowrap max-sm:hidden`}>
        <Show when={!props.line.correction && !props.line.settlement}>
          <Quantity line={props.line} />
        </Show>
      </td>
      <td class={`${cell} tabular whitespace-nowrap max-sm:hidden`}>
        <Show when={!props.line.correction && !props.line.settlement}>
          <PriceAmount price={{ ...props.line.price, currency: props.line.currency }} />
        </Show>
      </td>
      <td class={`${cell} tabular text-right font-medium whitespace-nowrap`} data-net>
        {say.money(props.line.net, props.line.currency)}
      </td>
      <td class={`${cell} w-10 text-right`}>
        <button
          type="button"
          aria-label={t('document.explain_line', { line: `${lineName(props.line)}, ${name()}` })}
          title={t('document.explain')}
          onClick={() => props.onExplain(props.line)}
          class="inline-flex size-7 items-center justify-center rounded-lg text-muted hover:bg-accent-soft hover:text-accent-text"
        >
          <ListTree size={15} />
        </button>
      </td>
    </tr>
  )
}

const PartTotal = (props: { net: string; currency: string }) => (
  <p class="tabular m-0 flex justify-end gap-8 px-5 py-5 text-sm sm:px-7">
    <span class="text-muted">{t('projects.part_net')}</span>
    <span class="font-semibold">{say.money(props.net, props.currency)}</span>
  </p>
)

const Totals = (props: DocumentContent) => (
  <dl
    data-totals
    class="tabular m-0 ml-auto grid w-full max-w-sm grid-cols-[1fr_auto] gap-y-1.5 [&>dd]:pl-8 px-5 py-5 text-sm sm:px-7"
  >
    <For each={props.coupons}>
      {(coupon) => (
        <>
          <dt class="text-muted">{t('tax.discount', { code: coupon.code })}</dt>
          <dd class="m-0 text-right text-muted">−{say.money(coupon.used, props.currency)}</dd>
        </>
      )}
    </For>
    <dt class="text-muted">{t('document.net')}</dt>
    <dd class="m-0 text-right">{say.money(props.totals.net, props.currency)}</dd>
    <For each={props.taxes}>
      {(tax) => (
        <>
          <dt class="text-muted">
            {t('document.tax', { rate: say.decimal(tax.rate, 2) })}{' '}
            <span class="text-[0.8125rem]">
              {t(`document.category.${tax.category}`)},{' '}
              {t('document.tax_base', { base: say.money(tax.base, props.currency) })}
              <Show when={tax.reason}>
                {(reason) => (
                  <span class="block">{[reason().text[language()], reason().code].filter(Boolean).join(' · ')}</span>
                )}
              </Show>
            </span>
          </dt>
          <dd class="m-0 text-right">{say.money(tax.tax, props.currency)}</dd>
        </>
      )}
    </For>
    <dt class="mt-1.5 border-t border-line pt-3 text-base font-semibold">{t('document.total')}</dt>
    <dd class="m-0 mt-1.5 border-t border-line pt-3 text-right text-base font-semibold">
      {say.money(props.totals.total, props.currency)}
    </dd>
  </dl>
)
