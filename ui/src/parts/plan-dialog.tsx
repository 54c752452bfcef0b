/** Drawing up a plan: what it is called and what its fee pays for; its prices come next. */
import { useQueryClient } from '@tanstack/solid-query'
import { For } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type Kind, type NewPlan, type Plan } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { CheckField, SelectField, TextArea, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { AnchorChoice } from './anchor-choice.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

const PRODUCTS: NewPlan['product_kind'][] = [
  'vm',
  'bare_metal',
  'virtual_data_centre',
  'shared_hosting',
  's3',
  'colocation',
  'licence',
  'support',
  'other',
]
/** What customers have for themselves: all else is a part of one of these. */
const INCLUDABLE: Kind[] = [
  'vm',
  'container',
  'host',
  'bucket',
  's3_user',
  'ip',
  'load_balancer',
  'kubernetes_cluster',
  'backup',
  'game_server',
]
const SHOWN = ['/name/en', '/name/es', '/trial_days', '/description/en', '/description/es']
const DAYS = /^\d{1,3}$/

export function PlanDialog(props: { onClose: () => void; onDone: (plan: Plan) => void }) {
  const client = useQueryClient()
  const [fields, set] = createStore({
    en: '',
    es: '',
    description_en: '',
    description_es: '',
    product_kind: 'vm' as NewPlan['product_kind'],
    trial_days: '0',
    anchor: 'calendar' as Plan['anchor'],
    included: [] as Kind[],
  })
  const form = createSubmit({
    run: () =>
      api.addPlan({
        name: { en: fields.en.trim() || fields.es.trim(), es: fields.es.trim() || fields.en.trim() },
        description: { en: fields.description_en, es: fields.description_es },
        product_kind: fields.product_kind,
        trial_days: Number(fields.trial_days),
        anchor: fields.anchor,
        included_kinds: [...fields.included],
      }),
    onDone: (plan) => {
      tell(t('plans.saved', { name: plan.name[language()] }), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['plans'] })
      props.onDone(plan)
    },
  })
  const isReady = () => (fields.en + fields.es).trim() !== '' && DAYS.test(fields.trial_days)
  const include = (kind: Kind, on: boolean) =>
    set('included', on ? [...fields.included, kind] : fields.included.filter((one) => one !== kind))
  const text = (name: 'en' | 'es' | 'trial_days', label: string, pointer: string, hint?: string) => (
    <TextField
      label={label}
      value={fields[name]}
      maxlength={100}
      hint={hint}
      inputmode={name === 'trial_days' ? 'numeric' : 'text'}
      error={form.fieldError(pointer)}
      onInput={(event) => set(name, event.currentTarget.value)}
    />
  )
  const area = (name: 'description_en' | 'description_es', label: string) => (
    <TextArea
      label={label}
      rows={2}
      maxlength={2000}
      value={fields[name]}
      onInput={(event) => set(name, event.currentTarget.value)}
    />
  )
  return (
    <FormDialog
      title={t('plans.new')}
      form={form}
      shown={SHOWN}
      ready={isReady()}
      button={t('common.save')}
      wide
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      {text('en', t('plans.name_en'), '/name/en')}
      {text('es', t('plans.name_es'), '/name/es')}
      {area('description_en', t('plans.description_en'))}
      {area('description_es', t('plans.description_es'))}
      <SelectField
        label={t('plans.product_kind')}
        value={fields.product_kind}
        options={PRODUCTS.map((value) => ({ value, label: t(`plans.product.${value}`) }))}
        onChange={(value) => set('product_kind', value as NewPlan['product_kind'])}
      />
      {text('trial_days', t('plans.trial_days'), '/trial_days', t('plans.trial_days_hint'))}
      <div class="sm:col-span-2">
        <AnchorChoice value={fields.anchor} onChange={(anchor) => set('anchor', anchor)} />
      </div>
      <fieldset class="m-0 min-w-0 border-0 p-0 sm:col-span-2">
        <legend class="mb-1 p-0 text-[0.8125rem] font-medium">{t('plans.included')}</legend>
        <p class="m-0 mb-2 text-[0.8125rem] text-muted">{t('plans.included_hint')}</p>
        <div class="grid gap-2 sm:grid-cols-2">
          <For each={INCLUDABLE}>
            {(kind) => (
              <CheckField
                label={t(`kind.${kind}`)}
                checked={fields.included.includes(kind)}
                onChange={(on) => include(kind, on)}
              />
            )}
          </For>
        </div>
      </fieldset>
    </FormDialog>
  )
}
