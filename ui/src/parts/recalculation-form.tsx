/** Which prices change together, and how: every field is part of the wish that is previewed and applied. */
import { useQuery } from '@tanstack/solid-query'
import { For, Show } from 'solid-js'
import type { SetStoreFunction } from 'solid-js/store'
import type { RecalculationQuery } from '../api.ts'
import { t } from '../i18n/language.ts'
import { KINDS, METERS } from '../i18n/words.ts'
import { CheckField, SelectField, TextField } from '../kit/field.tsx'
import { fromLocalInput } from '../kit/instant.ts'
import { queries } from '../queries.ts'
import { plainAmount } from './price-rules.ts'

export interface WishFields {
  /** none: the standard book */
  books: string[]
  kind: string
  meter: string
  model: string
  text: string
  percent: string
  amount: string
  round_to: string
  rounding: 'nearest' | 'up' | 'down'
  at: string
}
export const NO_WISH: WishFields = {
  books: [],
  kind: '',
  meter: '',
  model: '',
  text: '',
  percent: '',
  amount: '',
  round_to: '',
  rounding: 'nearest',
  at: '',
}
const MODELS = ['per_unit', 'flat', 'graduated', 'volume', 'package', 'stair_step'] as const
const STEPS = ['0.000001', '0.0001', '0.001', '0.01', '0.05', '0.1', '0.5', '1', '5'] as const
const ROUNDINGS = ['nearest', 'up', 'down'] as const

/** A signed decimal as it is typed, with a comma too; null where it is none. */
function signed(text: string): string | null {
  const [, sign = '', rest = ''] = /^\s*([+\-−]?)\s*(.*?)\s*%?\s*$/u.exec(text) ?? []
  const plain = plainAmount(rest)
  return /^\d{1,18}(\.\d{1,12})?$/.test(plain) ? `${sign === '-' || sign === '−' ? '-' : ''}${plain}` : null
}

/** What the fields wish; null while there is nothing to preview, or something can't be read. */
export function wishOf(fields: WishFields): RecalculationQuery | null {
  const [percent, amount] = [signed(fields.percent), signed(fields.amount)]
  if ((fields.percent && percent === null) || (fields.amount && amount === null)) return null
  if (percent === null && amount === null && !fields.round_to) return null
  const at = fields.at ? fromLocalInput(fields.at) : null
  if (fields.at && at === null) return null
  return {
    ...(fields.books.length > 0 && { price_book_ids: fields.books }),
    ...(fields.kind && { kinds: [fields.kind] as RecalculationQuery['kinds'] }),
    ...(fields.meter && { meters: [fields.meter] as RecalculationQuery['meters'] }),
    ...(fields.model && { models: [fields.model] as RecalculationQuery['models'] }),
    ...(fields.text && { text: fields.text }),
    ...(percent !== null && { percent }),
    ...(amount !== null && { amount }),
    ...(fields.round_to && { round_to: fields.round_to, rounding: fields.rounding }),
    ...(at !== null && { effective_at: at }),
  }
}

interface Props {
  fields: WishFields
  set: SetStoreFunction<WishFields>
}
export function RecalculationForm(props: Props) {
  const books = useQuery(() => queries.priceBooks())
  const list = () => (books.status === 'success' ? (books.data?.items ?? []) : [])
  const all = (label: string) => ({ value: '', label })
  const input = (field: 'text' | 'percent' | 'amount' | 'at') => ({
    value: props.fields[field],
    onInput: (event: { currentTarget: HTMLInputElement }) => props.set(field, event.currentTarget.value),
  })
  const fault = (field: 'percent' | 'amount') =>
    props.fields[field] && signed(props.fields[field]) === null ? t('repricing.bad_number') : ''
  return (
    <div class="flex flex-col gap-4 p-4">
      <Show when={list().length > 1}>
        <fieldset class="m-0 flex flex-wrap gap-x-5 gap-y-2 border-0 p-0">
          <legend class="mb-1.5 p-0 text-[0.8125rem] font-medium">{t('repricing.books')}</legend>
          <For each={list()}>
            {(book) => (
              <CheckField
                label={`${book.name} (${book.currency})`}
                checked={props.fields.books.includes(book.id)}
                onChange={(checked) =>
                  props.set('books', (ids) => (checked ? [...ids, book.id] : ids.filter((id) => id !== book.id)))
                }
              />
            )}
          </For>
        </fieldset>
      </Show>
      <div class="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
        <SelectField
          label={t('prices.kind')}
          value={props.fields.kind}
          options={[all(t('repricing.all_kinds')), ...KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))]}
          onChange={(value) => props.set('kind', value)}
        />
        <SelectField
          label={t('prices.meter')}
          value={props.fields.meter}
          options={[all(t('repricing.all_meters')), ...METERS.map((value) => ({ value, label: t(`meter.${value}`) }))]}
          onChange={(value) => props.set('meter', value)}
        />
        <SelectField
          label={t('prices.model')}
          value={props.fields.model}
          options={[
            all(t('repricing.all_models')),
            ...MODELS.map((value) => ({ value, label: t(`prices.model_${value}`) })),
          ]}
          onChange={(value) => props.set('model', value)}
        />
        <TextField label={t('repricing.text')} placeholder="vm.memory" {...input('text')} />
      </div>
      <div class="grid gap-4 sm:grid-cols-2 lg:grid-cols-5">
        <TextField
          label={t('repricing.percent')}
          inputmode="text"
          placeholder="+7.5"
          error={fault('percent')}
          {...input('percent')}
        />
        <TextField label={t('repricing.amount')} inputmode="text" error={fault('amount')} {...input('amount')} />
        <SelectField
          label={t('repricing.round_to')}
          value={props.fields.round_to}
          options={[all(t('repricing.no_rounding')), ...STEPS.map((value) => ({ value, label: value }))]}
          onChange={(value) => props.set('round_to', value)}
        />
        <SelectField
          label={t('repricing.rounding')}
          disabled={!props.fields.round_to}
          value={props.fields.rounding}
          options={ROUNDINGS.map((value) => ({ value, label: t(`repricing.rounding_${value}`) }))}
          onChange={(value) => props.set('rounding', value as WishFields['rounding'])}
        />
        <TextField
          label={t('repricing.effective_at')}
          hint={t('repricing.effective_hint')}
          type="datetime-local"
          {...input('at')}
        />
      </div>
      <p class="m-0 text-[0.8125rem] text-muted">{t('repricing.order_hint')}</p>
    </div>
  )
}
