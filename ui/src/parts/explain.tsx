/** A line opened to its leaves: sentence, stretches, hours, and the readings that bound them. */
import { type QueryKey, useQuery } from '@tanstack/solid-query'
import Copy from 'lucide-solid/icons/copy'
import type { JSX } from 'solid-js'
import { createMemo, For, Show } from 'solid-js'
import type { Explanation, Line } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { fractionText } from '../kit/amount.ts'
import { Button } from '../kit/button.tsx'
import { copyText } from '../kit/copy.tsx'
import { Drawer } from '../kit/dialog.tsx'
import { Tree } from '../kit/tree.tsx'
import { ChargeParts } from './charge-parts.tsx'
import { type Branch, treeOf, treeText } from './explain-model.ts'
import { GapList } from './gaps.tsx'
import { Load } from './load.tsx'
import { lineName, meteredText } from './line-text.ts'
import { PercentileText } from './percentile-text.tsx'
import { shareText } from './percentage-text.ts'
import { priceText, timedUnit } from './price-text.tsx'
import { causesText, termText } from './term-text.tsx'
import { UsageCourse } from './usage-course.tsx'

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
  if (line.settlement)
    return `${say.money(line.settlement.advanced, line.currency)} → ${say.money(line.settlement.due, line.currency)}`
  const of = line.percentage_of
  const { sign, amount } = exactText(line, SHOWN_DECIMALS)
  if (of) return `${shareOf(line, of.amount)} ${sign} ${amount} → ${say.money(pricedText(line), line.currency)}`
  const unit = timedUnit(line.price.model === 'flat' ? '' : line.price.unit, line.price.per)
  const quantity = `${say.decimal(line.quantity_display)} ${unit}`
  const { index } = line.price
  // each stretch has a price of its own
  const rate = index ? t('indexes.by', { name: index.name }) : say.rate(line.price.amount, line.currency)
  const factors = line.charge ? quantity : `${quantity} × ${rate}`
  return `${factors} ${sign} ${amount} → ${say.money(pricedText(line), line.currency)}`
}
/** "10 % of €1,234.50"; where tiers or a bound made the amount, of what. */
function shareOf({ charge, currency }: Line, amount: string): string {
  const [part, more] = charge?.parts ?? []
  const isBound = [charge?.top_up, charge?.discount].some((one) => one !== undefined && !one.startsWith('0/'))
  return part && !more && !isBound
    ? shareText(part, currency)
    : t('document.percentage_of', { amount: say.money(amount, currency) })
}
/** What it came to before discounts, and before the tax was taken out of it. */
const pricedText = (line: Line): string => line.gross ?? line.gross_inclusive ?? line.net

/** A fraction of the month in per cent. */
function percentText(share: string): string {
  const [part = '0', whole = '1'] = share.split('/')
  return say.decimal(fractionText(`${BigInt(part) * 100n}/${whole}`, 2).replace('…', ''), 2)
}

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
      lead={`${lineName(props.line)} · ${meteredText(props.line)}`}
    >
      <Load query={query}>{(data) => <ExplainTree explanation={data()} zone={props.zone} />}</Load>
    </Drawer>
  )
}

export function ExplainTree(props: { explanation: Explanation; zone: string }) {
  const line = () => props.explanation.line
  const money = (amount: string) => say.money(amount, line().currency)
  const tree = createMemo(() => treeOf(props.explanation, props.zone))
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
          <Show when={line().basis}>
            {(basis) => (
              <Fact label={t('explain.term')}>
                {termText({ period: basis() }, props.zone)}
                <Show when={line().timing}>
                  <span class="block text-muted">{t('explain.in_advance')}</span>
                </Show>
              </Fact>
            )}
          </Show>
          <Show when={line().settlement}>
            {(of) => (
              <Fact label={t('explain.settlement')}>
                {t('explain.settlement_text', {
                  advanced: money(of().advanced),
                  numbers: of()
                    .documents.map((one) => one.number)
                    .join(', '),
                  due: money(of().due),
                })}
                <Show when={of().kept !== of().advanced}>
                  <span class="block text-muted">{t('explain.settlement_kept', { kept: money(of().kept) })}</span>
                </Show>
                <span class="block text-muted">{causesText(of())}</span>
              </Fact>
            )}
          </Show>
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
            <Show when={!line().one_off}>
              <span class="block text-muted">
                {t('explain.price_since', { at: say.instant(line().price.effective_at, props.zone) })}
              </span>
            </Show>
            <Show when={props.explanation.price_book}>
              {(book) => <span class="block text-muted">{t('explain.price_book', { name: book().name })}</span>}
            </Show>
          </Fact>
          <Show when={line().charge}>
            {(charge) => (
              <Fact label={t('explain.charge')}>
                <ChargeParts
                  charge={charge()}
                  unit={timedUnit(line().price.unit, line().price.per)}
                  currency={line().currency}
                  isShare={line().percentage_of !== undefined}
                />
                <Show when={line().price.terms?.included ?? line().price.terms?.minimum ?? line().price.terms?.maximum}>
                  <span class="block text-muted">{t('explain.share', { percent: percentText(charge().share) })}</span>
                </Show>
              </Fact>
            )}
          </Show>
          <Show when={!line().correction && line().percentile}>
            {(said) => (
              <Fact label={t('explain.percentile')}>
                <PercentileText percentile={said()} meter={line().meter} unit={line().price.unit} />
              </Fact>
            )}
          </Show>
          <Show when={props.explanation.charge}>
            {(charge) => (
              <Fact label={t('charges.why')}>
                {t('charges.recorded', {
                  actor: charge().recorded.actor,
                  at: say.instant(charge().recorded.recorded_at),
                  reason: charge().recorded.reason,
                })}
                <Show when={charge().cancelled}>
                  {(record) => (
                    <span class="block">
                      {t('charges.cancelled', {
                        actor: record().actor,
                        at: say.instant(record().recorded_at),
                        reason: record().reason,
                      })}
                    </span>
                  )}
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
      <Show when={!line().one_off}>
        <section>
          <h3 class="mb-2 text-sm font-semibold">{t('explain.course')}</h3>
          <UsageCourse explanation={props.explanation} zone={props.zone} />
        </section>
        <section>
          <header class="mb-2 flex flex-wrap items-center justify-between gap-2">
            <h3 class="text-sm font-semibold">{t('explain.segments', props.explanation.segments.length)}</h3>
            <Button
              size="small"
              icon={<Copy size={15} />}
              onClick={() => void copyText(`${sentenceOf(line())}\n\n${treeText(tree())}`)}
            >
              {t('explain.copy')}
            </Button>
          </header>
          <p class="m-0 mb-3 text-[0.8125rem] text-muted">
            {t(line().percentile ? 'explain.segment_text_rate' : 'explain.tree_text')}
          </p>
          <div class="rounded-xl border border-line">
            <Tree
              label={t('explain.tree')}
              nodes={tree()}
              open={tree().map((one) => one.id)}
              row={(branch, isOpen) => <BranchRow branch={branch} open={isOpen} />}
            />
          </div>
        </section>
      </Show>
    </div>
  )
}

/** A sum, and when it is open what its children add up to and what it was made of. */
const BranchRow = (props: { branch: Branch; open: boolean }) => (
  <>
    <div class="tabular flex flex-wrap items-baseline justify-between gap-x-4">
      <span class="min-w-0 break-words">{props.branch.label}</span>
      <span class="ml-auto font-medium">{props.branch.value}</span>
    </div>
    <Show when={props.branch.note}>
      <p class="m-0 break-words text-muted">{props.branch.note}</p>
    </Show>
    <Show when={props.open && props.branch.sum}>
      {(sum) => (
        <p class={`tabular m-0 ${sum().holds ? 'text-ok' : 'text-bad'}`}>
          Σ {sum().text} {sum().holds ? `= ✓` : `≠ ${t('explain.sum_differs')}`}
        </p>
      )}
    </Show>
    <Show when={props.open && props.branch.facts}>
      {(facts) => (
        <dl class="tabular m-0 mt-1 grid grid-cols-[auto_1fr] gap-x-3 text-xs text-muted">
          <For each={facts()}>
            {([label, value]) => (
              <>
                <dt>{label}</dt>
                <dd class="m-0 min-w-0 break-all">{value}</dd>
              </>
            )}
          </For>
        </dl>
      )}
    </Show>
  </>
)

const Fact = (props: { label: string; children: JSX.Element }) => (
  <>
    <dt class="text-muted">{props.label}</dt>
    <dd class="m-0 min-w-0 break-words">{props.children}</dd>
  </>
)
