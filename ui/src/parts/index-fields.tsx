/** The fields of a price by an index: which one, and what a unit costs by its value. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import { createMemo } from 'solid-js'
import { t } from '../i18n/language.ts'
import { SelectField } from '../kit/field.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { Cell, type TermsProps } from './terms-fields.tsx'

const FIELDS = ['factor', 'surcharge', 'floor', 'ceiling'] as const

export function IndexFields(props: TermsProps) {
  const query = useQuery(() => queries.priceIndexes())
  const indexes = createMemo(() =>
    (query.status === 'success' ? (query.data?.items ?? []) : []).filter((one) => one.currency === props.currency),
  )
  const chosen = () => indexes().find((one) => one.id === props.draft.index.id)
  const said = () => ({ currency: props.currency, unit: props.unit, of: chosen()?.unit ?? '' })
  return (
    <div class="grid grid-cols-1 gap-3 sm:col-span-2 sm:grid-cols-2">
      <p class="m-0 text-[0.8125rem] text-muted sm:col-span-2">
        {t('indexes.price_hint')}{' '}
        <A href={paths.priceIndexes} class="text-link">
          {t('indexes.title')}
        </A>
      </p>
      <SelectField
        class="sm:col-span-2"
        label={t('indexes.index')}
        value={props.draft.index.id}
        options={[
          { value: '', label: indexes().length > 0 ? t('indexes.choose') : t('indexes.none_in', said()) },
          ...indexes().map(({ id, name, currency, unit }) => ({ value: id, label: `${name} (${currency}/${unit})` })),
        ]}
        error={props.error('/terms/index/id')}
        onChange={(id) => props.set('index', 'id', id)}
      />
      {FIELDS.map((field) => (
        <Cell
          label={t(`indexes.${field}`, said())}
          placeholder={field === 'surcharge' ? '0' : ''}
          value={props.draft.index[field]}
          error={props.error(`/terms/index/${field}`)}
          onInput={(text) => props.set('index', field, text)}
        />
      ))}
    </div>
  )
}
