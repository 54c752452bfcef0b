/** The fields of a price's terms: rows of tiers and blocks, packages, and what holds beside the model. */
import Plus from 'lucide-solid/icons/plus'
import Trash from 'lucide-solid/icons/trash'
import { createSignal, createUniqueId, Index, type JSX, Show } from 'solid-js'
import type { SetStoreFunction } from 'solid-js/store'
import type { NewPrice } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { Choice, TextField } from '../kit/field.tsx'
import { freshStep, freshTier, hasAllowance, hasExtras, mayPool, mayProrate, type TermsDraft } from './terms-draft.ts'

const MAX_ROWS = 50

export interface TermsProps {
  draft: TermsDraft
  set: SetStoreFunction<TermsDraft>
  model: NewPrice['model']
  per: NewPrice['per']
  /** its part of a month is its time, always */
  isPercentile: boolean
  /** a percentile, or what a gauge held: prorated exactly, always */
  isMeasured: boolean
  /** a plan charges each resource by itself */
  isOfPlan: boolean
  /** unit with its time, as it is told */
  unit: string
  currency: string
  /** what is wrong with a field, by its pointer */
  error: (pointer: string) => string | undefined
}

interface CellProps {
  label: string
  value: string
  error: string | undefined
  onInput: (text: string) => void
  placeholder?: string
}
export const Cell = (props: CellProps) => (
  <TextField
    label={props.label}
    inputmode="decimal"
    value={props.value}
    error={props.error}
    placeholder={props.placeholder}
    onInput={(event) => props.onInput(event.currentTarget.value)}
  />
)

/** The terms that are the model's own. */
export const ModelFields = (props: TermsProps) => (
  <>
    <Show when={props.model === 'graduated' || props.model === 'volume'}>
      <Tiers {...props} />
    </Show>
    <Show when={props.model === 'package'}>
      <Package {...props} />
    </Show>
    <Show when={props.model === 'stair_step'}>
      <Steps {...props} />
    </Show>
    <Show when={props.model === 'allocation_pool'}>
      <Pool {...props} />
    </Show>
    <Show when={mayPool(props.model) && !props.isPercentile && !props.isOfPlan}>
      <div class="sm:col-span-2">
        <Choice
          legend={t('prices.pool')}
          value={props.draft.pool}
          choices={(['each', 'account', 'resources'] as const).map((value) => ({
            value,
            label: t(`prices.pool_${value}`),
          }))}
          onChange={(value) => props.set('pool', value)}
        />
      </div>
    </Show>
  </>
)

interface RowsProps<T> {
  legend: string
  hint: string
  rows: T[]
  min: number
  fresh: () => T
  onChange: (rows: T[]) => void
  children: (row: () => T, index: number) => JSX.Element
}
/** Rows that can be added before the last one, which has no end, and removed. */
export function Rows<T>(props: RowsProps<T>) {
  const id = createUniqueId()
  const [body, setBody] = createSignal<HTMLDivElement>()
  const focusOn = (index: number) =>
    queueMicrotask(() => body()?.querySelectorAll<HTMLElement>('[data-row]')[index]?.querySelector('input')?.focus())
  const addRow = () => {
    const at = props.rows.length - 1
    props.onChange(props.rows.toSpliced(at, 0, props.fresh()))
    focusOn(at)
  }
  const remove = (index: number) => {
    props.onChange(props.rows.toSpliced(index, 1))
    focusOn(Math.max(0, index - 1))
  }
  return (
    <fieldset class="flex min-w-0 flex-col gap-2 sm:col-span-2" aria-describedby={id}>
      <legend class="mb-1 text-[0.8125rem] font-medium">{props.legend}</legend>
      <p id={id} class="m-0 text-[0.8125rem] text-muted">
        {props.hint}
      </p>
      <div ref={setBody} class="flex flex-col gap-2">
        <Index each={props.rows}>
          {(row, index) => (
            <div
              data-row
              role="group"
              aria-label={t('prices.tier_number', { number: String(index + 1) })}
              class="grid grid-cols-[1fr_auto] items-start gap-2 rounded-lg border border-line px-3 py-2.5"
            >
              <div class="grid grid-cols-1 gap-2 sm:grid-cols-3">{props.children(row, index)}</div>
              <IconButton
                label={t('prices.tier_remove', { number: String(index + 1) })}
                disabled={props.rows.length <= props.min}
                onClick={() => remove(index)}
              >
                <Trash size={16} />
              </IconButton>
            </div>
          )}
        </Index>
      </div>
      <div>
        <Button icon={<Plus size={16} />} disabled={props.rows.length >= MAX_ROWS} onClick={addRow}>
          {t('prices.tier_add')}
        </Button>
      </div>
    </fieldset>
  )
}

export const withoutEnd = () => (
  <p class="m-0 self-center pt-5 text-sm text-muted max-sm:pt-0">{t('prices.without_end')}</p>
)

function Tiers(props: TermsProps) {
  const isLast = (index: number) => index === props.draft.tiers.length - 1
  const pointer = (index: number, field: string) => `/terms/tiers/${index}/${field}`
  return (
    <Rows
      legend={t('prices.tiers')}
      hint={t(props.model === 'volume' ? 'prices.volume_hint' : 'prices.graduated_hint')}
      rows={props.draft.tiers}
      min={1}
      fresh={freshTier}
      onChange={(tiers) => props.set('tiers', tiers)}
    >
      {(row, index) => (
        <>
          <Show when={!isLast(index)} fallback={withoutEnd()}>
            <Cell
              label={t('prices.up_to', { unit: props.unit })}
              value={row().up_to}
              error={props.error(pointer(index, 'up_to'))}
              onInput={(text) => props.set('tiers', index, 'up_to', text)}
            />
          </Show>
          <Cell
            label={t('prices.unit_amount', { unit: props.unit, currency: props.currency })}
            value={row().unit_amount}
            error={props.error(pointer(index, 'unit_amount'))}
            onInput={(text) => props.set('tiers', index, 'unit_amount', text)}
          />
          <Cell
            label={t('prices.flat_amount', { currency: props.currency })}
            placeholder="0"
            value={row().flat_amount}
            error={props.error(pointer(index, 'flat_amount'))}
            onInput={(text) => props.set('tiers', index, 'flat_amount', text)}
          />
        </>
      )}
    </Rows>
  )
}

function Steps(props: TermsProps) {
  const isLast = (index: number) => index === props.draft.steps.length - 1
  const pointer = (index: number, field: string) => `/terms/steps/tiers/${index}/${field}`
  return (
    <>
      <div class="sm:col-span-2">
        <Choice
          legend={t('prices.mode')}
          value={props.draft.mode}
          choices={[
            { value: 'all_tiers', label: t('prices.mode_all_tiers') },
            { value: 'top_tier', label: t('prices.mode_top_tier') },
          ]}
          onChange={(mode) => props.set('mode', mode)}
        />
      </div>
      <Rows
        legend={t('prices.steps')}
        hint={t('prices.steps_hint')}
        rows={props.draft.steps}
        min={1}
        fresh={freshStep}
        onChange={(steps) => props.set('steps', steps)}
      >
        {(row, index) => (
          <>
            <Cell
              label={t('prices.block_size', { unit: props.unit })}
              value={row().block_size}
              error={props.error(pointer(index, 'block_size'))}
              onInput={(text) => props.set('steps', index, 'block_size', text)}
            />
            <Show when={!isLast(index)} fallback={withoutEnd()}>
              <Cell
                label={t('prices.block_count')}
                value={row().blocks}
                error={props.error(pointer(index, 'blocks'))}
                onInput={(text) => props.set('steps', index, 'blocks', text)}
              />
            </Show>
            <Cell
              label={t('prices.block_amount', { currency: props.currency })}
              value={row().amount}
              error={props.error(pointer(index, 'amount'))}
              onInput={(text) => props.set('steps', index, 'amount', text)}
            />
          </>
        )}
      </Rows>
    </>
  )
}

const Pool = (props: TermsProps) => (
  <div class="grid grid-cols-1 gap-3 sm:col-span-2 sm:grid-cols-3">
    <p class="m-0 text-[0.8125rem] text-muted sm:col-span-3">{t('prices.pool_hint')}</p>
    <Cell
      label={t('prices.pool_size', { unit: props.unit })}
      value={props.draft.allocation_pool.size}
      error={props.error('/terms/allocation_pool/size')}
      onInput={(text) => props.set('allocation_pool', 'size', text)}
    />
    <Cell
      label={t('prices.pool_fee', { currency: props.currency })}
      value={props.draft.allocation_pool.amount}
      error={props.error('/terms/allocation_pool/amount')}
      onInput={(text) => props.set('allocation_pool', 'amount', text)}
    />
    <Cell
      label={t('prices.pool_overage', { unit: props.unit, currency: props.currency })}
      value={props.draft.allocation_pool.overage_amount}
      error={props.error('/terms/allocation_pool/overage_amount')}
      onInput={(text) => props.set('allocation_pool', 'overage_amount', text)}
    />
  </div>
)
const Package = (props: TermsProps) => (
  <div class="grid grid-cols-1 gap-3 sm:col-span-2 sm:grid-cols-3">
    <Cell
      label={t('prices.package_size', { unit: props.unit })}
      value={props.draft.package.size}
      error={props.error('/terms/package/size')}
      onInput={(text) => props.set('package', 'size', text)}
    />
    <Cell
      label={t('prices.package_amount', { currency: props.currency })}
      value={props.draft.package.amount}
      error={props.error('/terms/package/amount')}
      onInput={(text) => props.set('package', 'amount', text)}
    />
    <Cell
      label={t('prices.package_free', { unit: props.unit })}
      placeholder="0"
      value={props.draft.package.free}
      error={props.error('/terms/package/free')}
      onInput={(text) => props.set('package', 'free', text)}
    />
  </div>
)

/** What holds beside the model, folded away while it says nothing. */
export function ExtraFields(props: TermsProps) {
  const says = () =>
    [props.draft.included, props.draft.minimum, props.draft.maximum].some(Boolean) || props.draft.proration !== 'exact'
  const isOpen = says()
  return (
    <details class={hasExtras(props.model) ? 'rounded-lg border border-line sm:col-span-2' : 'hidden'} open={isOpen}>
      <summary class="cursor-pointer rounded-lg px-3 py-2 text-[0.8125rem] font-medium hover:bg-hover">
        {t('prices.extras')}
      </summary>
      <div class="grid grid-cols-1 gap-3 px-3 pt-1 pb-3 sm:grid-cols-3">
        <Show when={hasAllowance(props.model)}>
          <Cell
            label={t('prices.included', { unit: props.unit })}
            value={props.draft.included}
            error={props.error('/terms/included')}
            onInput={(text) => props.set('included', text)}
          />
        </Show>
        <Cell
          label={t('prices.minimum', { currency: props.currency })}
          value={props.draft.minimum}
          error={props.error('/terms/minimum')}
          onInput={(text) => props.set('minimum', text)}
        />
        <Cell
          label={t('prices.maximum', { currency: props.currency })}
          value={props.draft.maximum}
          error={props.error('/terms/maximum')}
          onInput={(text) => props.set('maximum', text)}
        />
        <p class="m-0 text-[0.8125rem] text-muted sm:col-span-3">{t('prices.extras_hint')}</p>
        <Show when={mayProrate(props) && !props.isMeasured}>
          <div class="flex flex-wrap gap-4 sm:col-span-3">
            <Choice
              legend={t('prices.proration')}
              value={props.draft.proration}
              choices={(['exact', 'day', 'none'] as const).map((value) => ({
                value,
                label: t(`prices.proration_${value}`),
              }))}
              onChange={(value) => props.set('proration', value)}
            />
            <Show when={props.draft.proration === 'day'}>
              <Choice
                legend={t('prices.day_count')}
                value={props.draft.day_count}
                choices={[
                  { value: 'actual', label: t('prices.day_count_actual') },
                  { value: '30/360', label: '30/360' },
                ]}
                onChange={(value) => props.set('day_count', value)}
              />
            </Show>
          </div>
        </Show>
      </div>
    </details>
  )
}
