/** Which of the companies sells, and in which currency; nothing to choose where there is one. */
import { useQuery } from '@tanstack/solid-query'
import { Show } from 'solid-js'
import type { LegalEntity } from '../api.ts'
import { t } from '../i18n/language.ts'
import { SelectField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createTenant } from './tenant.ts'

/** The chosen one, or the first. */
export const sellerIn = (entities: readonly LegalEntity[] | undefined, id: string): LegalEntity | undefined =>
  entities?.find((entity) => entity.id === id) ?? entities?.[0]

export function SellerChoice(props: { chosen: string; onChoose: (id: string) => void }) {
  const entities = useQuery(() => queries.legalEntities())
  const list = () => (entities.status === 'success' ? (entities.data?.items ?? []) : [])
  return (
    <Show when={list().length > 1}>
      <SelectField
        class="mb-4 max-w-xs"
        label={t('settings.company')}
        value={sellerIn(list(), props.chosen)?.id ?? ''}
        options={list().map((entity) => ({ value: entity.id, label: `${entity.name} (${entity.currency})` }))}
        onChange={(id) => props.onChoose(id === list()[0]?.id ? '' : id)}
      />
    </Show>
  )
}

/** In which of the currencies that a company has standard prices in; nothing to choose where that is one. */
export function CurrencyChoice(props: { seller: string; chosen: string; onChoose: (currency: string) => void }) {
  const entities = useQuery(() => queries.legalEntities())
  const tenant = createTenant()
  const books = useQuery(() => ({ ...queries.priceBooks(), enabled: tenant.has('catalog.read') }))
  const seller = () => sellerIn(entities.status === 'success' ? entities.data?.items : undefined, props.seller)
  const list = () => {
    const all = books.status === 'success' ? (books.data?.items ?? []) : []
    return all.filter((book) => book.is_default && book.legal_entity_id === seller()?.id)
  }
  return (
    <Show when={list().length > 1}>
      <SelectField
        label={t('books.currency')}
        value={props.chosen || (seller()?.currency ?? '')}
        options={list().map(({ currency }) => ({ value: currency, label: currency }))}
        onChange={props.onChoose}
      />
    </Show>
  )
}
