/** Setting a price or a new version of one: checked while it is typed, with its effect shown before it is saved. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createEffect, createMemo, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type MeterDescription, type MeterName, type NewPrice, type Price, type PricedKind } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { KINDS } from '../i18n/words.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { Choice, SelectField, TextArea, TextField } from '../kit/field.tsx'
import { fromLocalInput, monthStart, toLocalInput } from '../kit/instant.ts'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { sellerIn } from './seller.tsx'
import { createSubmit } from './form.ts'
import { IndexFields } from './index-fields.tsx'
import { ProblemNote } from './load.tsx'
import { PercentageFields } from './percentage-fields.tsx'
import { isPercentage } from './percentage-text.ts'
import { amountFault, choicesOf, plainAmount, usualUnit } from './price-rules.ts'
import { PriceEffectNote } from './price-effect.tsx'
import { PriceQuote } from './price-quote.tsx'
import { PriceTax } from './price-tax.tsx'
import { PriceTiming } from './price-timing.tsx'
import { timedUnit, unitText } from './price-text.tsx'
import { draftOf, faultsOf, hasAmount, termsOf } from './terms-draft.ts'
import { ExtraFields, ModelFields } from './terms-fields.tsx'

type When = 'now' | 'month' | 'instant'
interface Fields {
  kind: PricedKind
  meter: MeterName
  model: NewPrice['model']
  per: NewPrice['per']
  unit: string
  amount: string
  /** undefined: the meter's usual one */
  gap_policy: NewPrice['gap_policy']
  tax_class: Price['tax_class']
  tax_inclusive: boolean
  /** null: not chosen yet, so the usual one holds */
  when: When | null
  instant: string
  reason: string
}
const SHOWN = ['/kind', '/meter', '/amount', '/unit', '/per', '/gap_policy', '/effective_at', '/reason']
/** Pointers to single fields of the terms: those that the form has. */
const TERM =
  /^\/terms\/(tiers\/\d+\/|rate_tiers\/\d+\/|percentage\/|steps\/tiers\/\d+\/|package\/|allocation_pool\/|index\/)?\w+$/

const firstFields = (from?: Partial<Price>): Fields => ({
  kind: from?.kind ?? 'vm',
  meter: from?.meter ?? 'vcpu',
  model: from?.model ?? 'per_unit',
  per: from?.per ?? 'hour',
  unit: from?.unit ?? 'vCPU',
  amount: '',
  gap_policy: from?.gap_policy,
  tax_class: from?.tax_class ?? 'standard',
  tax_inclusive: from?.tax_inclusive ?? false,
  when: null,
  instant: toLocalInput(Date.now()),
  reason: '',
})

interface Props {
  /** the price of which this is a new version, or a hint of what is missing */
  from?: Partial<Price>
  /** whose prices; empty: the first company's */
  seller: string
  /** the draft in which it is decided, instead of at once */
  draft?: string
  /** the price book; default: the seller's standard one */
  book?: string
  /** whose book that is: one of a plan has fees of services, what was negotiated changes no past by itself */
  bookOf?: 'plan' | 'negotiated' | undefined
  onClose: () => void
}

/** In force from its instant on, or in a draft. */
function saved(draft: string | undefined, input: NewPrice): Promise<{ effective_at: string }> {
  if (draft === undefined) return api.addPrice(input)
  const { effective_at: _at, correction: _correction, reason: _reason, ...decision } = input
  return api.decidePrice(draft, decision)
}

export function PriceDialog(props: Props) {
  const client = useQueryClient()
  const meters = useQuery(() => queries.meters())
  const entities = useQuery(() => queries.legalEntities())
  const prices = useQuery(() => queries.prices(props.seller, props.book))
  const [fields, setFields] = createStore(firstFields(props.from))
  const [terms, setTerms] = createStore(draftOf(props.from?.terms))
  const isOfPlan = () => props.bookOf === 'plan'
  const isVersion = () => props.from?.id !== undefined
  const isOfKind = (one: MeterDescription, kind: PricedKind) => (one.of === 'service') === (kind === 'service')
  const meterList = (kind = fields.kind) =>
    meters.status === 'success' ? (meters.data?.items.filter((one) => isOfKind(one, kind)) ?? []) : []
  const meter = () => meterList().find((one) => one.name === fields.meter)
  const zone = () => sellerIn(entities.data?.items, props.seller)?.zone ?? 'UTC'
  /** The first price of a component holds from the start of the month unless told otherwise; a later one from now. */
  const isFirst = () =>
    prices.status === 'success' &&
    props.bookOf !== 'negotiated' &&
    !prices.data?.items.some((one) => one.kind === fields.kind && one.meter === fields.meter)
  const when = (): When => fields.when ?? (isFirst() ? 'month' : 'now')
  const effectiveAt = createMemo((): string | undefined | null => {
    if (when() === 'instant') return fromLocalInput(fields.instant)
    if (when() === 'month') return isFirst() ? undefined : new Date(monthStart(Date.now(), zone())).toISOString()
    return isFirst() ? new Date().toISOString() : undefined
  })
  const isCorrection = () => {
    const at = effectiveAt()
    return typeof at === 'string' && !isFirst() && Date.parse(at) < Date.now() - 60_000
  }
  /** a percentage is charged by the month, of amounts without tax */
  const isShare = () => isPercentage(fields.model)
  const per = () => (isShare() ? 'month' : fields.per)
  const fault = () => (fields.amount === '' ? null : amountFault(fields.amount))
  const faults = createMemo(() => faultsOf(terms, fields.model))
  const price = createMemo((): NewPrice | null => {
    const hasOwn = hasAmount(fields.model)
    if (hasOwn && (fields.amount === '' || fault())) return null
    if (faults().size > 0 || !fields.unit || effectiveAt() === null) return null
    return {
      kind: fields.kind,
      meter: fields.meter,
      model: fields.model,
      per: per(),
      unit: fields.unit,
      amount: hasOwn ? plainAmount(fields.amount) : undefined,
      terms: termsOf(terms, fields.model, per()),
      gap_policy: fields.gap_policy,
      tax_class: fields.tax_class,
      tax_inclusive: fields.tax_inclusive && !isShare(),
      effective_at: effectiveAt() ?? undefined,
      correction: isCorrection(),
      reason: fields.reason.trim(),
      price_book_id: prices.data?.price_book_id,
    }
  })
  const form = createSubmit({
    run: (input: NewPrice) => saved(props.draft, input),
    onDone: ({ effective_at }) => {
      const said = t(props.draft === undefined ? 'prices.saved' : 'repricing.decided', {
        at: say.instant(effective_at),
      })
      tell(said, 'ok', t('common.close'))
      for (const key of ['price-changes', 'prices', 'drafts', 'resources', 'resource', 'notices', 'services'])
        void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  /** Unit and period follow the meter: what doesn't fit it can't be chosen. */
  const chooseMeter = (name: string) => {
    const chosen = meterList().find((one) => one.name === name)
    if (!chosen) return
    const { per, models } = choicesOf(chosen, isOfPlan())
    setFields({
      meter: chosen.name,
      unit: usualUnit(chosen),
      per: per[0] ?? 'hour',
      model: models.includes(fields.model) ? fields.model : 'per_unit',
      gap_policy: undefined,
    })
    if (isMeasured(chosen)) setTerms('proration', 'exact')
    if (chosen.name !== 'fee') setTerms('timing', 'arrears')
  }
  /** The fee is a service's, and what is measured a resource's. */
  const chooseKind = (kind: PricedKind) => {
    setFields('kind', kind)
    const [first] = meterList(kind)
    if (first && !meterList(kind).some((one) => one.name === fields.meter)) chooseMeter(first.name)
  }
  const kinds = (): PricedKind[] => (isOfPlan() ? ['service', ...KINDS] : KINDS)
  createEffect(() => {
    const known = meter()
    if (known && !known.units.includes(fields.unit)) chooseMeter(known.name)
  })
  const amountError = () => {
    const found = fault()
    if (!found) return form.fieldError('/amount')
    return found.fault === 'too_many_decimals'
      ? t('prices.too_many_decimals', { count: String(found.decimals) })
      : t('prices.bad_amount')
  }
  const choices = () => {
    const known = meter()
    return known ? choicesOf(known, isOfPlan()) : { per: [fields.per], models: [fields.model] }
  }
  /** What is still empty is not wrong yet. */
  const termsError = (pointer: string) => {
    const found = faults().get(pointer)
    return found && found !== 'needed' ? t(`prices.fault_${found}`) : form.fieldError(pointer)
  }
  const termPointers = () => [...(form.error()?.fields.keys() ?? [])].filter((pointer) => TERM.test(pointer))
  const unit = () => timedUnit(fields.unit, per())
  const isPercentile = () => meter()?.kind === 'percentile'
  const own = () => ({
    draft: terms,
    set: setTerms,
    model: fields.model,
    per: per(),
    isPercentile: isPercentile(),
    isMeasured: isMeasured(meter()),
    isOfPlan: isOfPlan(),
    unit: unit(),
    currency: prices.data?.currency ?? '',
    error: termsError,
  })
  const canSave = () => price() !== null && (!isCorrection() || fields.reason.trim() !== '')

  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      title={isVersion() ? t('prices.new_version') : t('prices.set')}
      closeLabel={t('common.close')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="price-form" variant="primary" busy={form.busy()} disabled={!canSave()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="price-form"
        class="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault()
          const input = price()
          if (input && canSave()) void form.submit(input)
        }}
      >
        <SelectField
          label={t('prices.kind')}
          value={fields.kind}
          disabled={isVersion()}
          options={kinds().map((value) => ({ value, label: t(`kind.${value}`) }))}
          error={form.fieldError('/kind')}
          onChange={(value) => chooseKind(value as PricedKind)}
        />
        <SelectField
          label={t('prices.meter')}
          value={fields.meter}
          disabled={isVersion()}
          options={meterGroups(meterList())}
          hint={meterHint(meter())}
          error={form.fieldError('/meter')}
          onChange={chooseMeter}
        />
        <div class="sm:col-span-2">
          <Choice
            legend={t('prices.model')}
            value={fields.model}
            choices={choices().models.map((model) => ({ value: model, label: t(`prices.model_${model}`) }))}
            onChange={(model) => setFields('model', model)}
          />
        </div>
        <SelectField
          label={t('prices.unit')}
          value={fields.unit}
          options={(meter()?.units ?? [fields.unit]).map((unit) => ({ value: unit, label: unitText(unit) }))}
          error={form.fieldError('/unit')}
          onChange={(unit) => setFields('unit', unit)}
        />
        <Choice
          legend={t('prices.per')}
          value={per()}
          choices={(isShare() ? (['month'] as const) : choices().per).map((per) => ({
            value: per,
            label: t(`prices.per_${per}`),
          }))}
          onChange={(per) => setFields('per', per)}
        />
        <Show when={hasAmount(fields.model)}>
          <TextField
            label={t('prices.amount')}
            inputmode="decimal"
            required
            autofocus
            value={fields.amount}
            hint={t('prices.amount_hint')}
            error={amountError()}
            onInput={(event) => setFields('amount', event.currentTarget.value)}
          />
        </Show>
        <Show when={fields.kind === 'service' && fields.meter === 'fee' && !isShare()}>
          <PriceTiming value={terms.timing} onChange={(value) => setTerms('timing', value)} />
        </Show>
        <ModelFields {...own()} />
        <Show when={isShare()}>
          <PercentageFields {...own()} />
        </Show>
        <Show when={fields.model === 'dynamic'}>
          <IndexFields {...own()} />
        </Show>
        <ExtraFields {...own()} />
        <Show when={fields.model !== 'dynamic'}>
          <div class="sm:col-span-2">
            <PriceQuote price={price()} unit={unit()} model={fields.model} currency={own().currency} />
          </div>
        </Show>
        <PriceTax fields={fields} mayInclude={!isShare()} onChange={(change) => setFields(change)} />
        <Show when={fields.kind !== 'service'}>
          <SelectField
            class="sm:col-span-2"
            label={t('prices.gap_policy')}
            hint={t('prices.gap_hint')}
            value={fields.gap_policy ?? meter()?.gap_policies[0] ?? ''}
            options={(meter()?.gap_policies ?? []).map((value) => ({ value, label: gapText(value, isPercentile()) }))}
            error={form.fieldError('/gap_policy')}
            onChange={(value) => setFields('gap_policy', value as NewPrice['gap_policy'])}
          />
        </Show>
        <div class={props.draft === undefined ? 'flex flex-col gap-3 sm:col-span-2' : 'hidden'}>
          <Choice
            legend={t('prices.when')}
            value={when()}
            choices={[
              { value: 'now', label: t('prices.from_now') },
              { value: 'month', label: t('prices.from_month') },
              { value: 'instant', label: t('prices.from_instant') },
            ]}
            onChange={(when) => setFields('when', when)}
          />
          <Show when={when() === 'instant'}>
            <TextField
              label={t('prices.from_instant')}
              hideLabel
              type="datetime-local"
              value={fields.instant}
              error={form.fieldError('/effective_at')}
              onInput={(event) => setFields('instant', event.currentTarget.value)}
            />
          </Show>
        </div>
        <Show when={isCorrection()}>
          <div class="rounded-lg border border-warn-mark/40 bg-warn-soft px-3.5 py-3 text-sm sm:col-span-2">
            <p class="m-0 font-medium text-warn">{t('prices.correction')}</p>
            <p class="m-0 mb-3 text-text">{t('prices.correction_text')}</p>
            <TextArea
              label={t('common.reason')}
              rows={2}
              maxlength={500}
              required
              value={fields.reason}
              error={fields.reason.trim() ? form.fieldError('/reason') : t('prices.reason_needed')}
              onInput={(event) => setFields('reason', event.currentTarget.value)}
            />
          </div>
        </Show>
        <div class="sm:col-span-2">
          <PriceEffectNote price={price()} />
          <Show when={form.restError([...SHOWN, ...termPointers()])}>
            {(problem) => (
              <div class="mt-3">
                <ProblemNote error={problem()} />
              </div>
            )}
          </Show>
        </div>
      </form>
    </Dialog>
  )
}

const meterGroups = (meters: MeterDescription[]) =>
  (['allocation', 'consumption', 'gauge', 'percentile'] as const)
    .filter((kind) => meters.some((one) => one.kind === kind))
    .map((kind) => ({
      label: t(`prices.${kind}`),
      options: meters
        .filter((one) => one.kind === kind)
        .map((one) => ({ value: one.name, label: t(`meter.${one.name}`) })),
    }))

/** Of the very time in which it was owned: no other proration has a meaning. */
const isMeasured = (meter: MeterDescription | undefined): boolean =>
  meter?.kind === 'gauge' || meter?.kind === 'percentile'

/** Of a percentile not time is billed or left out, but slots are counted or not. */
function gapText(policy: NonNullable<NewPrice['gap_policy']>, isPercentile: boolean): string {
  if (isPercentile && (policy === 'total' || policy === 'skip')) return t(`prices.gap_${policy}_slots`)
  return t(`prices.gap_${policy}`)
}

function meterHint(meter: MeterDescription | undefined): string {
  if (!meter) return ''
  if (meter.kind === 'consumption') return t('prices.counts_use')
  if (meter.kind === 'gauge') return t(meter.counts === 'running' ? 'prices.counts_held_running' : 'prices.counts_held')
  if (meter.kind === 'percentile') return t(meter.name === 'network_max' ? 'prices.counts_peak' : 'prices.counts_p95')
  return t(meter.counts === 'running' ? 'prices.counts_running' : 'prices.counts_allocated')
}
