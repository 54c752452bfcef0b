/** The companies that sell: who stands on the invoices, by which numbers and taxes. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, For, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type LegalEntity } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { CheckField, SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createParty, emptyParty, PARTY_POINTERS, partyBody, PartyFieldset } from './account-fields.tsx'
import { BrandingSection } from './branding.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { queries } from '../queries.ts'
import { createTenant } from './tenant.ts'
import { TaxSection } from './tax-setting.tsx'

const TAX_CATEGORIES = ['S', 'Z', 'E', 'AE', 'K', 'G', 'O'] as const
const BILLING_POINTERS = [
  '/tax_category',
  '/tax_rate',
  '/invoice_prefix',
  '/payment_terms_days',
  '/note_threshold',
  '/re_rating_months',
  '/currency',
  '/reseller_account_id',
]
const ADD = 'new'

export function Companies(props: { entities: readonly LegalEntity[] }) {
  const may = createMay()
  const tenant = createTenant()
  const [adding, setAdding] = createSignal(false)
  return (
    <>
      <For each={props.entities}>
        {(entity, index) => (
          <Section
            title={props.entities.length > 1 ? entity.name : t('settings.company')}
            actions={
              <Show when={index() === props.entities.length - 1}>
                <Button
                  size="small"
                  icon={<Plus size={15} />}
                  onClick={() => setAdding(true)}
                  {...may('legal_entities.write')}
                >
                  {t('settings.add_company')}
                </Button>
              </Show>
            }
          >
            <CompanyForm entity={entity} />
          </Section>
        )}
      </For>
      <For each={tenant.has('legal_entities.write') ? props.entities : []}>
        {(entity) => (
          <TaxSection
            entity={entity}
            title={props.entities.length > 1 ? t('tax.title_of', { name: entity.name }) : t('tax.title')}
          />
        )}
      </For>
      <For each={props.entities}>
        {(entity) => (
          <BrandingSection
            entity={entity}
            title={props.entities.length > 1 ? t('branding.title_of', { name: entity.name }) : t('branding.title')}
          />
        )}
      </For>
      <Show when={adding()}>
        <Dialog
          open
          size="wide"
          onClose={() => setAdding(false)}
          closeLabel={t('common.close')}
          title={t('settings.add_company')}
        >
          <CompanyForm onDone={() => setAdding(false)} like={props.entities[0]} />
        </Dialog>
      </Show>
    </>
  )
}

interface FormProps {
  /** absent: another company is added */
  entity?: LegalEntity
  /** what a new one begins with */
  like?: LegalEntity | undefined
  onDone?: () => void
}

function CompanyForm(props: FormProps) {
  const client = useQueryClient()
  const may = createMay()
  const from = props.entity ?? props.like
  const [party, setParty] = createParty(props.entity, {
    ...emptyParty(from?.zone, from?.address.country),
    language: from?.language ?? 'en',
  })
  const [billing, setBilling] = createStore({
    tax_category: from?.tax_category ?? ('S' as const),
    tax_rate: from?.tax_rate ?? '21.00',
    invoice_prefix: props.entity?.invoice_prefix ?? '',
    payment_terms_days: String(from?.payment_terms_days ?? 30),
    note_threshold: String(from?.note_threshold ?? 0),
    re_rating_months: String(from?.re_rating_months ?? 24),
    currency: from?.currency ?? 'EUR',
    send_automatically: from?.send_automatically ?? false,
  })
  const [reseller, setReseller] = createSignal('')
  const accounts = useQuery(() => queries.accounts())
  const known = () => (accounts.status === 'success' ? accounts.data.items : [])
  const resold = () => known().find(({ id }) => id === props.entity?.reseller_account_id)
  const body = () => {
    const { currency, ...rest } = billing
    return {
      currency,
      entity: {
        ...partyBody(party),
        ...rest,
        payment_terms_days: Number(billing.payment_terms_days),
        note_threshold: Number(billing.note_threshold),
        re_rating_months: Number(billing.re_rating_months),
      },
    }
  }
  const form = createSubmit({
    run: () => {
      const { currency, entity } = body()
      return props.entity
        ? api.changeLegalEntity(props.entity.id, entity)
        : api.addLegalEntity({
            ...entity,
            currency,
            address: { ...party.address },
            reseller_account_id: reseller() || null,
          })
    },
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      for (const key of ['legal-entities', 'drafts', 'prices']) void client.invalidateQueries({ queryKey: [key] })
      props.onDone?.()
    },
  })
  return (
    <form
      class={`flex flex-col gap-5 ${props.entity ? 'p-4' : ''}`}
      id={`company-${props.entity?.id ?? ADD}`}
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit(undefined)
      }}
    >
      <p class="m-0 text-muted">{t(props.entity ? 'settings.company_lead' : 'settings.add_company_lead')}</p>
      <Show when={resold()}>
        {(account) => <p class="m-0 text-muted">{t('resale.company_of', { name: account().name })}</p>}
      </Show>
      <PartyFieldset fields={party} set={setParty} errorAt={form.fieldError} />
      <div class="grid gap-4 border-t border-line pt-5 sm:grid-cols-2">
        <SelectField
          label={t('settings.tax_category')}
          value={billing.tax_category}
          options={TAX_CATEGORIES.map((value) => ({ value, label: `${value} – ${t(`document.category.${value}`)}` }))}
          error={form.fieldError('/tax_category')}
          onChange={(value) =>
            setBilling('tax_category', TAX_CATEGORIES.find((one) => one === value) ?? billing.tax_category)
          }
        />
        <TextField
          label={t('settings.tax_rate')}
          inputmode="decimal"
          value={billing.tax_rate}
          error={form.fieldError('/tax_rate')}
          onInput={(event) => setBilling('tax_rate', event.currentTarget.value.replace(',', '.'))}
        />
        <TextField
          label={t('settings.prefix')}
          hint={t('settings.prefix_hint')}
          required
          value={billing.invoice_prefix}
          error={form.fieldError('/invoice_prefix')}
          onInput={(event) => setBilling('invoice_prefix', event.currentTarget.value.toUpperCase())}
        />
        <TextField
          label={t('settings.terms')}
          type="number"
          min={0}
          max={365}
          value={billing.payment_terms_days}
          error={form.fieldError('/payment_terms_days')}
          onInput={(event) => setBilling('payment_terms_days', event.currentTarget.value)}
        />
        <TextField
          label={t('settings.note_threshold')}
          hint={t('settings.note_threshold_hint')}
          type="number"
          min={0}
          value={billing.note_threshold}
          error={form.fieldError('/note_threshold')}
          onInput={(event) => setBilling('note_threshold', event.currentTarget.value)}
        />
        <TextField
          label={t('settings.re_rating_months')}
          type="number"
          min={1}
          max={120}
          value={billing.re_rating_months}
          error={form.fieldError('/re_rating_months')}
          onInput={(event) => setBilling('re_rating_months', event.currentTarget.value)}
        />
        <TextField
          label={t('settings.currency')}
          hint={t('settings.currency_fixed')}
          value={billing.currency}
          maxlength={3}
          disabled={props.entity !== undefined}
          error={form.fieldError('/currency')}
          onInput={(event) => setBilling('currency', event.currentTarget.value.toUpperCase())}
        />
        <Show when={!props.entity && known().length > 0}>
          <SelectField
            label={t('resale.reseller')}
            hint={t('resale.company_hint')}
            value={reseller()}
            options={[
              { value: '', label: t('resale.none') },
              ...known().map(({ id, name }) => ({ value: id, label: name })),
            ]}
            error={form.fieldError('/reseller_account_id')}
            onChange={setReseller}
          />
        </Show>
      </div>
      <CheckField
        label={t('mails.automatically')}
        hint={t('mails.automatically_hint')}
        checked={billing.send_automatically}
        onChange={(on) => setBilling('send_automatically', on)}
      />
      <Show when={form.restError([...PARTY_POINTERS, ...BILLING_POINTERS])}>
        {(problem) => <ProblemNote error={problem()} />}
      </Show>
      <div>
        <Button
          type="submit"
          variant="primary"
          busy={form.busy()}
          disabled={!party.name.trim() || !billing.invoice_prefix}
          {...may('legal_entities.write')}
        >
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
