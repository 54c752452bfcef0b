/** The company that sells, how this browser shows things, and what is installed. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import BookOpen from 'lucide-solid/icons/book-open'
import { For, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type LegalEntity } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createParty, emptyParty, PARTY_POINTERS, partyBody, PartyFieldset } from '../parts/account-fields.tsx'
import { LanguageChoice, ThemeChoice } from '../parts/appearance.tsx'
import { createSubmit } from '../parts/form.ts'
import { ApiKeys } from '../parts/api-keys.tsx'
import { Load, ProblemNote } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const TAX_CATEGORIES = ['S', 'Z', 'E', 'AE', 'K', 'G', 'O'] as const

export default function Settings() {
  const entities = useQuery(() => queries.legalEntities())
  const session = useQuery(() => queries.session())
  return (
    <Page title={t('settings.title')} curl={['/legal-entities', '/session', '/api-keys']}>
      <div class="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <div class="flex min-w-0 flex-col gap-4">
          <Section title={t('settings.company')}>
            <Load query={entities}>
              {(data) => <For each={data().items}>{(entity) => <CompanyForm entity={entity} />}</For>}
            </Load>
          </Section>
          <ApiKeys />
        </div>
        <div class="flex flex-col gap-4">
          <Section title={t('settings.appearance')}>
            <div class="flex flex-col gap-4 p-4">
              <ThemeChoice />
              <LanguageChoice />
            </div>
          </Section>
          <Section title={t('settings.api')}>
            <div class="flex flex-col items-start gap-3 p-4">
              <p class="m-0 text-muted">{t('settings.api_text')}</p>
              <a href={paths.apiReference} rel="external" target="_blank" class={buttonClass()}>
                <BookOpen size={16} />
                {t('settings.api_open')}
              </a>
            </div>
          </Section>
          <Section title={t('settings.installation')}>
            <Load query={session}>
              {(data) => (
                <dl class="m-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 p-4 text-[0.8125rem]">
                  <dt class="text-muted">{t('settings.signed_in_as')}</dt>
                  <dd class="m-0">{data().actor.name}</dd>
                  <dt class="text-muted">{t('api_keys.role')}</dt>
                  <dd class="m-0">{t(`role.${data().role}`)}</dd>
                  <dt class="text-muted">{t('settings.version')}</dt>
                  <dd class="tabular m-0">{data().version}</dd>
                  <dt class="text-muted">{t('settings.installation_id')}</dt>
                  <dd class="m-0 font-mono text-xs leading-5 break-all">{data().installation_id}</dd>
                </dl>
              )}
            </Load>
          </Section>
        </div>
      </div>
    </Page>
  )
}

const BILLING_POINTERS = ['/tax_category', '/tax_rate', '/invoice_prefix', '/payment_terms_days']

function CompanyForm(props: { entity: LegalEntity }) {
  const client = useQueryClient()
  const may = createMay()
  const [party, setParty] = createParty(props.entity, emptyParty())
  const [billing, setBilling] = createStore({
    tax_category: props.entity.tax_category,
    tax_rate: props.entity.tax_rate,
    invoice_prefix: props.entity.invoice_prefix,
    payment_terms_days: String(props.entity.payment_terms_days),
  })
  const form = createSubmit({
    run: () =>
      api.changeLegalEntity(props.entity.id, {
        ...partyBody(party),
        ...billing,
        payment_terms_days: Number(billing.payment_terms_days),
      }),
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      for (const key of ['legal-entities', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  return (
    <form
      class="flex flex-col gap-5 p-4"
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit(undefined)
      }}
    >
      <p class="m-0 text-muted">{t('settings.company_lead')}</p>
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
          label={t('settings.currency')}
          hint={t('settings.currency_fixed')}
          value={props.entity.currency}
          disabled
        />
      </div>
      <Show when={form.restError([...PARTY_POINTERS, ...BILLING_POINTERS])}>
        {(problem) => <ProblemNote error={problem()} />}
      </Show>
      <div>
        <Button
          type="submit"
          variant="primary"
          busy={form.busy()}
          disabled={!party.name.trim()}
          {...may('legal_entities.write')}
        >
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
