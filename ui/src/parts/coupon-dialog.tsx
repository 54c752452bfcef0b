/** Making a coupon: its code, what it takes off, of what, for how long, and how often it may be redeemed. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type Coupon, type NewCoupon } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { KINDS } from '../i18n/words.ts'
import { Choice, SelectField, TextField } from '../kit/field.tsx'
import { fromLocalInput } from '../kit/instant.ts'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

const SHOWN = [
  '/code',
  '/name',
  '/value/rate',
  '/value/amount',
  '/value/currency',
  '/periods',
  '/valid_from',
  '/valid_to',
  '/max_redemptions',
  '/max_per_account',
]
const EVERYTHING = ''
/** Before the price book of a plan, where kinds of resources stand by their names. */
const PLAN = 'plan:'

export function CouponDialog(props: { onClose: () => void }) {
  const client = useQueryClient()
  const entities = useQuery(() => queries.legalEntities())
  const plans = useQuery(() => queries.plans())
  const currency = () => (entities.status === 'success' ? entities.data.items[0]?.currency : undefined) ?? 'EUR'
  const [fields, setFields] = createStore({
    code: '',
    name: '',
    type: 'percent' as Coupon['type'],
    value: '',
    currency: '',
    duration: 'once' as Coupon['duration'],
    periods: '3',
    scope: EVERYTHING,
    valid_from: '',
    valid_to: '',
    max_redemptions: '',
    max_per_account: '1',
  })
  const sold = () =>
    plans.status === 'success'
      ? (plans.data?.items ?? []).map((one) => ({ value: PLAN + one.price_book_id, label: one.name[language()] }))
      : []
  const instant = (text: string) => (text === '' ? null : fromLocalInput(text))
  const number = (text: string) => (text.trim() === '' ? null : Number(text))
  const body = (): NewCoupon => {
    const amount = fields.value.trim().replace(',', '.')
    return {
      code: fields.code,
      name: fields.name,
      value:
        fields.type === 'percent'
          ? { type: 'percent', rate: amount }
          : { type: 'fixed', amount, currency: fields.currency || currency() },
      duration: fields.duration,
      periods: fields.duration === 'periods' ? number(fields.periods) : null,
      scope: scopeOf(fields.scope),
      valid_from: instant(fields.valid_from),
      valid_to: instant(fields.valid_to),
      max_redemptions: number(fields.max_redemptions),
      max_per_account: number(fields.max_per_account) ?? 1,
    }
  }
  const form = createSubmit({
    run: () => api.addCoupon(body()),
    onDone: (made) => {
      tell(t('coupons.made', { code: made.code }), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['coupons'] })
      props.onClose()
    },
  })
  type Name =
    | 'code'
    | 'name'
    | 'value'
    | 'currency'
    | 'periods'
    | 'valid_from'
    | 'valid_to'
    | 'max_redemptions'
    | 'max_per_account'
  const field = (name: Name, pointer = `/${name}`) => ({
    value: fields[name],
    error: form.fieldError(pointer),
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement }) => setFields(name, event.currentTarget.value),
  })
  return (
    <FormDialog
      title={t('coupons.make')}
      form={form}
      shown={SHOWN}
      ready={!(!fields.code.trim() || !fields.name.trim() || !fields.value.trim())}
      button={t('common.save')}
      wide
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField label={t('coupons.code')} hint={t('coupons.code_hint')} required maxlength={40} {...field('code')} />
      <TextField label={t('coupons.name')} required maxlength={200} {...field('name')} />
      <Choice
        legend={t('coupons.type')}
        value={fields.type}
        choices={(['percent', 'fixed'] as const).map((value) => ({ value, label: t(`coupons.type_${value}`) }))}
        onChange={(type) => setFields('type', type)}
      />
      <div class="grid grid-cols-[minmax(0,1fr)_6rem] gap-2">
        <TextField
          label={t(fields.type === 'percent' ? 'coupons.rate' : 'coupons.amount')}
          inputmode="decimal"
          required
          {...field('value', fields.type === 'percent' ? '/value/rate' : '/value/amount')}
        />
        <Show when={fields.type === 'fixed'}>
          <TextField
            label={t('settings.currency')}
            maxlength={3}
            placeholder={currency()}
            {...field('currency', '/value/currency')}
          />
        </Show>
      </div>
      <Choice
        legend={t('coupons.duration')}
        value={fields.duration}
        choices={(['once', 'periods', 'forever'] as const).map((value) => ({
          value,
          label: t(`coupons.duration_${value}`),
        }))}
        onChange={(duration) => setFields('duration', duration)}
      />
      <Show when={fields.duration === 'periods'} fallback={<span class="max-sm:hidden" />}>
        <TextField label={t('coupons.periods')} type="number" min={1} max={120} {...field('periods')} />
      </Show>
      <SelectField
        class="sm:col-span-2"
        label={t('coupons.scope')}
        value={fields.scope}
        options={[
          { value: EVERYTHING, label: t('coupons.scope_account') },
          ...(sold().length > 0 ? [{ label: t('plans.title'), options: sold() }] : []),
          { label: t('prices.kind'), options: KINDS.map((value) => ({ value, label: t(`kind.${value}`) })) },
        ]}
        error={form.fieldError('/scope')}
        onChange={(scope) => setFields('scope', scope)}
      />
      <TextField
        label={t('coupons.valid_from')}
        type="datetime-local"
        optional={t('common.optional')}
        {...field('valid_from')}
      />
      <TextField
        label={t('coupons.valid_to')}
        type="datetime-local"
        optional={t('common.optional')}
        {...field('valid_to')}
      />
      <TextField
        label={t('coupons.max_redemptions')}
        type="number"
        min={1}
        optional={t('common.optional')}
        {...field('max_redemptions')}
      />
      <TextField label={t('coupons.max_per_account')} type="number" min={1} {...field('max_per_account')} />
    </FormDialog>
  )
}

function scopeOf(chosen: string): NewCoupon['scope'] {
  if (chosen === EVERYTHING) return { type: 'account' }
  if (chosen.startsWith(PLAN)) return { type: 'price_book', price_book_id: chosen.slice(PLAN.length) }
  return { type: 'components', components: [chosen] }
}
