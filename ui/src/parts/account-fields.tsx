/** Name, address and tax number: the same fields for customers and for the company. */
import { createStore, type SetStoreFunction } from 'solid-js/store'
import type { Account, LegalEntity } from '../api.ts'
import { t } from '../i18n/language.ts'
import { SelectField, TextField } from '../kit/field.tsx'

export interface PartyFields {
  name: string
  tax_id: string
  email: string
  zone: string
  language: 'en' | 'es'
  address: Account['address']
}

export const emptyParty = (zone = 'UTC', country = ''): PartyFields => ({
  name: '',
  tax_id: '',
  email: '',
  zone,
  language: 'en',
  address: { street: '', postal_code: '', city: '', country },
})
const partyOf = (from: Account | LegalEntity): PartyFields => ({
  name: from.name,
  tax_id: from.tax_id,
  email: from.email,
  zone: from.zone,
  language: from.language,
  address: { ...from.address },
})
export const createParty = (from: Account | LegalEntity | undefined, empty: PartyFields) =>
  createStore(from ? partyOf(from) : empty)

/** An address is sent whole or not at all: a country alone is none. */
export const partyBody = (fields: PartyFields) => {
  const { address, ...rest } = fields
  return { ...rest, name: fields.name.trim(), ...(address.country ? { address: { ...address } } : {}) }
}

export const PARTY_POINTERS = [
  '/name',
  '/tax_id',
  '/email',
  '/zone',
  '/language',
  '/address',
  '/address/street',
  '/address/postal_code',
  '/address/city',
  '/address/country',
]

interface Props {
  fields: PartyFields
  set: SetStoreFunction<PartyFields>
  errorAt: (pointer: string) => string | undefined
}

export function PartyFieldset(props: Props) {
  const zones = Intl.supportedValuesOf('timeZone')
  const address = (name: keyof Account['address']) => ({
    value: props.fields.address[name],
    error: props.errorAt(`/address/${name}`),
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement }) =>
      props.set('address', name, event.currentTarget.value),
  })
  const plain = (name: 'name' | 'tax_id' | 'email') => ({
    value: props.fields[name],
    error: props.errorAt(`/${name}`),
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement }) => props.set(name, event.currentTarget.value),
  })
  return (
    <div class="grid gap-4 sm:grid-cols-2">
      <TextField label={t('accounts.name')} required maxlength={200} class="sm:col-span-2" {...plain('name')} />
      <TextField label={t('accounts.tax_id')} maxlength={40} optional={t('common.optional')} {...plain('tax_id')} />
      <TextField
        label={t('accounts.email')}
        type="email"
        maxlength={200}
        optional={t('common.optional')}
        {...plain('email')}
      />
      <TextField label={t('accounts.street')} maxlength={200} class="sm:col-span-2" {...address('street')} />
      <TextField label={t('accounts.postal_code')} maxlength={20} {...address('postal_code')} />
      <TextField label={t('accounts.city')} maxlength={100} {...address('city')} />
      <TextField
        label={t('accounts.country')}
        hint={t('accounts.country_hint')}
        maxlength={2}
        pattern="[A-Z]{2}"
        {...address('country')}
        onInput={(event) => props.set('address', 'country', event.currentTarget.value.toUpperCase())}
      />
      <SelectField
        label={t('accounts.language')}
        value={props.fields.language}
        options={[
          { value: 'en', label: t('accounts.english') },
          { value: 'es', label: t('accounts.spanish') },
        ]}
        onChange={(value) => props.set('language', value === 'es' ? 'es' : 'en')}
      />
      <SelectField
        label={t('accounts.zone')}
        hint={t('accounts.zone_hint')}
        class="sm:col-span-2"
        value={props.fields.zone}
        options={[...new Set([props.fields.zone, 'UTC', ...zones])].map((value) => ({ value, label: value }))}
        error={props.errorAt('/zone')}
        onChange={(value) => props.set('zone', value)}
      />
    </div>
  )
}
