/** How a company is taxed: one tax for all, or by the place of supply with dated rates of each country. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import Trash from 'lucide-solid/icons/trash'
import { Index, Show } from 'solid-js'
import { createStore, unwrap } from 'solid-js/store'
import { api, type LegalEntity, type TaxSetting } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { CheckField, Choice, SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'

export function TaxSection(props: { entity: LegalEntity; title: string }) {
  const query = useQuery(() => queries.taxSetting(props.entity.id))
  return (
    <Section title={props.title} lead={t('tax.lead')}>
      <Load query={query}>{(data) => <TaxForm entity={props.entity} setting={data()} />}</Load>
    </Section>
  )
}

type Rate = TaxSetting['rates'][number]
const today = (): string => new Date().toISOString().slice(0, 10)

function TaxForm(props: { entity: LegalEntity; setting: TaxSetting }) {
  const client = useQueryClient()
  const may = createMay()
  const [fields, setFields] = createStore<TaxSetting>(structuredClone(unwrap(props.setting)))
  const code = () => fields.exempt_reason?.code ?? ''
  const text = (language: 'en' | 'es') => fields.exempt_reason?.text[language] ?? ''
  const reason = (change: { code?: string; en?: string; es?: string }) => {
    const next = { code: code(), en: text('en'), es: text('es'), ...change }
    const isEmpty = !next.code && !next.en && !next.es
    setFields('exempt_reason', isEmpty ? null : { code: next.code || null, text: { en: next.en, es: next.es } })
  }
  const add = (rates: readonly Rate[]) => setFields('rates', (known) => [...known, ...rates])
  const form = createSubmit({
    run: () => api.changeTaxSetting(props.entity.id, fields),
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      for (const key of ['tax', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  const propose = async () => {
    const { items } = await client.fetchQuery(queries.usualRates())
    const missing = items.filter(
      (one) => !fields.rates.some((row) => row.country === one.country && row.tax_class === 'standard'),
    )
    add(fields.one_stop_shop ? missing : missing.filter(({ country }) => country === props.entity.address.country))
  }
  return (
    <form
      class="flex flex-col gap-4 p-4"
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit(undefined)
      }}
    >
      <Choice
        legend={t('tax.mode')}
        value={fields.mode}
        choices={[
          { value: 'fixed', label: t('tax.mode_fixed') },
          { value: 'by_place', label: t('tax.mode_by_place') },
        ]}
        onChange={(mode) => setFields('mode', mode)}
      />
      <p class="m-0 text-[0.8125rem] text-muted">
        {t(fields.mode === 'fixed' ? 'tax.mode_fixed_text' : 'tax.mode_by_place_text')}
      </p>
      <Show when={fields.mode === 'by_place'}>
        <CheckField
          label={t('tax.one_stop_shop')}
          hint={t('tax.one_stop_shop_hint')}
          checked={fields.one_stop_shop}
          onChange={(checked) => setFields('one_stop_shop', checked)}
        />
        <fieldset class="m-0 flex min-w-0 flex-col gap-2 border-0 p-0">
          <legend class="mb-1 text-[0.8125rem] font-medium">{t('tax.rates')}</legend>
          <div class="flex max-h-96 flex-col gap-2 overflow-y-auto pr-1">
            <Index each={fields.rates}>
              {(rate, index) => (
                <RateRow
                  rate={rate()}
                  error={
                    form.fieldError(`/rates/${index}`) ??
                    form.fieldError(`/rates/${index}/rate`) ??
                    form.fieldError(`/rates/${index}/country`)
                  }
                  onChange={(change) => setFields('rates', index, change)}
                  onRemove={() => setFields('rates', (all) => all.filter((_, at) => at !== index))}
                />
              )}
            </Index>
          </div>
          <Show when={form.fieldError('/rates')}>
            {(error) => <p class="m-0 text-[0.8125rem] text-bad">{error()}</p>}
          </Show>
          <div class="flex flex-wrap gap-2">
            <Button
              size="small"
              icon={<Plus size={15} />}
              onClick={() =>
                add([{ country: props.entity.address.country, tax_class: 'reduced', rate: '', from: today() }])
              }
            >
              {t('tax.add_rate')}
            </Button>
            <Button size="small" onClick={() => void propose()}>
              {t('tax.propose')}
            </Button>
          </div>
          <p class="m-0 text-[0.8125rem] text-muted">{t('tax.propose_hint')}</p>
        </fieldset>
        <div class="grid gap-4 sm:grid-cols-3">
          <TextField
            label={t('tax.exempt_code')}
            hint={t('tax.exempt_code_hint')}
            value={code()}
            error={form.fieldError('/exempt_reason/code')}
            onInput={(event) => reason({ code: event.currentTarget.value.trim().toUpperCase() })}
          />
          <TextField
            label={t('tax.exempt_en')}
            value={text('en')}
            error={form.fieldError('/exempt_reason/text/en')}
            onInput={(event) => reason({ en: event.currentTarget.value })}
          />
          <TextField
            label={t('tax.exempt_es')}
            value={text('es')}
            error={form.fieldError('/exempt_reason/text/es')}
            onInput={(event) => reason({ es: event.currentTarget.value })}
          />
        </div>
      </Show>
      <Show
        when={form.restError(['/rates', '/exempt_reason/code', '/exempt_reason/text/en', '/exempt_reason/text/es'])}
      >
        {(problem) => <ProblemNote error={problem()} />}
      </Show>
      <div>
        <Button type="submit" variant="primary" busy={form.busy()} {...may('legal_entities.write')}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}

interface RowProps {
  rate: Rate
  error: string | undefined
  onChange: (change: Partial<Rate>) => void
  onRemove: () => void
}
const RateRow = (props: RowProps) => (
  <div class="grid grid-cols-[4rem_minmax(0,1fr)_2.25rem] items-start gap-2 sm:grid-cols-[4rem_minmax(0,1fr)_6rem_10rem_2.25rem]">
    <TextField
      label={t('tax.country')}
      hideLabel
      maxlength={2}
      value={props.rate.country}
      onInput={(event) => props.onChange({ country: event.currentTarget.value.toUpperCase() })}
    />
    <SelectField
      label={t('tax.class')}
      hideLabel
      value={props.rate.tax_class}
      options={(['standard', 'reduced'] as const).map((value) => ({ value, label: t(`tax.class_${value}`) }))}
      onChange={(value) => props.onChange({ tax_class: value === 'reduced' ? 'reduced' : 'standard' })}
    />
    <div class="max-sm:order-last max-sm:col-span-1">
      <TextField
        label={t('tax.rate')}
        hideLabel
        inputmode="decimal"
        value={props.rate.rate}
        error={props.error}
        onInput={(event) => props.onChange({ rate: event.currentTarget.value.replace(',', '.') })}
      />
    </div>
    <div class="max-sm:order-last">
      <TextField
        label={t('tax.from')}
        hideLabel
        type="date"
        value={props.rate.from}
        onInput={(event) => props.onChange({ from: event.currentTarget.value })}
      />
    </div>
    <IconButton label={t('tax.remove_rate', { country: props.rate.country })} onClick={() => props.onRemove()}>
      <Trash size={16} />
    </IconButton>
  </div>
)
