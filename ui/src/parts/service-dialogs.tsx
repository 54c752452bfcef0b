/** Subscribing to a plan, changing and cancelling a service: each with what it makes of this month's bill. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createMemo, createSignal, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import {
  api,
  type Cancellation,
  type NewSubscription,
  type Plan,
  type ServiceChange,
  type Subscription,
} from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Choice, SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { AnchorChoice } from './anchor-choice.tsx'
import { BillPreview } from './bill-preview.tsx'
import { Confirm } from './confirm.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { createPrices, keptPrices, PricesFields } from './service-prices.tsx'
import { createWhen, WhenFields } from './service-when.tsx'

const COUNT = /^[1-9]\d{0,5}$/
const AT_FIELDS = ['/from', '/at', '/quantity', '/plan_id', '/prices_as_of']
export const nameOf = (service: Subscription): string => service.plan.name[language()]

/** Everything that a service changes is asked for anew. */
export function createRefresh() {
  const client = useQueryClient()
  return () => {
    for (const key of ['services', 'drafts', 'resource', 'resources'])
      void client.invalidateQueries({ queryKey: [key] })
  }
}

/** Its button may be called "Cancel" itself, so the other one closes. */
const Frame = (props: Omit<Parameters<typeof FormDialog>[0], 'shown' | 'closeButton'>) => (
  <FormDialog {...props} shown={AT_FIELDS} closeButton={t('common.close')} />
)

/** Plans that are on sale, with the one that is held already. */
function createPlans(held?: Subscription['plan']) {
  const plans = useQuery(() => queries.plans())
  const items = () => {
    const sold = plans.status === 'success' ? plans.data.items.filter((one) => one.state === 'published') : []
    const all = [...sold, ...(held && !sold.some((one) => one.id === held.id) ? [held] : [])]
    return all.map((one) => ({ value: one.id, label: one.name[language()] }))
  }
  const anchorOf = (id: string): Plan['anchor'] => plans.data?.items.find((one) => one.id === id)?.anchor ?? 'calendar'
  return { items, anchorOf }
}

interface TermsProps {
  plans: { value: string; label: string }[]
  plan: string
  quantity: string
  error: (pointer: string) => string | undefined
  onPlan: (id: string) => void
  onQuantity: (text: string) => void
}
const Terms = (props: TermsProps) => (
  <div class="grid gap-4 sm:grid-cols-[2fr_1fr]">
    <SelectField
      label={t('services.plan')}
      value={props.plan}
      options={props.plans}
      error={props.error('/plan_id')}
      onChange={props.onPlan}
    />
    <TextField
      label={t('services.quantity')}
      inputmode="numeric"
      value={props.quantity}
      error={props.error('/quantity')}
      onInput={(event) => props.onQuantity(event.currentTarget.value)}
    />
  </div>
)

interface SubscribeProps {
  account: string
  services: readonly Subscription[]
  onClose: () => void
}
export function SubscribeDialog(props: SubscribeProps) {
  const refresh = createRefresh()
  const plans = createPlans()
  const [fields, set] = createStore({ plan: '', quantity: '1', parent: '', anchor: '' as Plan['anchor'] | '' })
  const when = createWhen(() => null)
  const prices = createPrices(null)
  const plan = () => fields.plan || plans.items()[0]?.value || ''
  const anchor = () => fields.anchor || plans.anchorOf(plan())
  const parents = () => props.services.filter((one) => one.parent_id === null && one.state !== 'cancelled')
  const input = createMemo((): NewSubscription | null => {
    if (plan() === '' || !COUNT.test(fields.quantity) || !when.isReady() || !prices.isReady()) return null
    const from = when.at() ?? undefined
    return {
      plan_id: plan(),
      quantity: Number(fields.quantity),
      prices_as_of: prices.asOf(),
      from,
      anchor: anchor(),
      parent_id: fields.parent || undefined,
      ...when.said(),
    }
  })
  const form = createSubmit({
    run: (wanted: NewSubscription) => api.subscribe(props.account, wanted),
    onDone: (made) => {
      tell(t('services.subscribed', { name: made.plan.name[language()] }), 'ok', t('common.close'))
      refresh()
      props.onClose()
    },
  })
  const send = () => {
    const wanted = input()
    if (wanted) void form.submit(wanted)
  }
  return (
    <Frame
      title={t('services.subscribe_title')}
      form={form}
      ready={input() !== null}
      button={t('services.subscribe')}
      onSubmit={send}
      onClose={props.onClose}
    >
      <Terms
        plans={plans.items()}
        plan={plan()}
        quantity={fields.quantity}
        error={form.fieldError}
        onPlan={(id) => set('plan', id)}
        onQuantity={(text) => set('quantity', text)}
      />
      <Show when={parents().length > 0}>
        <SelectField
          label={t('services.add_on_to')}
          value={fields.parent}
          options={[
            { value: '', label: t('services.no_parent') },
            ...parents().map((one) => ({ value: one.id, label: nameOf(one) })),
          ]}
          onChange={(id) => set('parent', id)}
        />
      </Show>
      <AnchorChoice value={anchor()} onChange={(chosen) => set('anchor', chosen)} />
      <PricesFields prices={prices} error={form.fieldError('/prices_as_of')} />
      <WhenFields when={when} error={form.fieldError('/from')} />
      <BillPreview input={input()} ask={(wanted, signal) => api.previewSubscription(props.account, wanted, signal)} />
    </Frame>
  )
}

interface ServiceProps {
  service: Subscription
  onClose: () => void
}
export function ChangeDialog(props: ServiceProps) {
  const refresh = createRefresh()
  // what is being changed stays, whatever arrives meanwhile
  const service = props.service
  const plans = createPlans(service.plan)
  const [fields, set] = createStore({ plan: service.plan.id, quantity: String(service.quantity) })
  const when = createWhen(() => service.renews_at)
  const prices = createPrices(keptPrices(service))
  const isChange = () =>
    fields.plan !== service.plan.id || fields.quantity !== String(service.quantity) || prices.isChanged()
  const input = createMemo((): ServiceChange | null => {
    if (!isChange() || !COUNT.test(fields.quantity) || !when.isReady() || !prices.isReady()) return null
    const at = when.at() ?? undefined
    return { plan_id: fields.plan, quantity: Number(fields.quantity), prices_as_of: prices.asOf(), at, ...when.said() }
  })
  const form = createSubmit({
    run: (change: ServiceChange) => api.changeService(service.id, change),
    onDone: () => {
      tell(t('services.changed', { name: nameOf(service) }), 'ok', t('common.close'))
      refresh()
      props.onClose()
    },
  })
  const send = () => {
    const change = input()
    if (change) void form.submit(change)
  }
  return (
    <Frame
      title={t('services.change_title', { name: nameOf(service) })}
      form={form}
      ready={input() !== null}
      button={t('common.save')}
      onSubmit={send}
      onClose={props.onClose}
    >
      <Terms
        plans={plans.items()}
        plan={fields.plan}
        quantity={fields.quantity}
        error={form.fieldError}
        onPlan={(id) => set('plan', id)}
        onQuantity={(text) => set('quantity', text)}
      />
      <PricesFields prices={prices} error={form.fieldError('/prices_as_of')} />
      <WhenFields when={when} error={form.fieldError('/at')} />
      <BillPreview input={input()} ask={(change, signal) => api.previewChange(service.id, change, signal)} />
    </Frame>
  )
}

/** A cancellation that is still ahead is taken back. */
export function ResumeDialog(props: ServiceProps) {
  const refresh = createRefresh()
  const service = props.service
  return (
    <Confirm
      title={t('services.resume_title', { name: nameOf(service) })}
      text={t('services.resume_text')}
      button={t('services.resume')}
      run={() => api.resumeService(service.id)}
      onDone={() => {
        tell(t('services.resumed', { name: nameOf(service) }), 'ok', t('common.close'))
        refresh()
        props.onClose()
      }}
      onClose={() => props.onClose()}
    />
  )
}

export function CancelDialog(props: ServiceProps) {
  const refresh = createRefresh()
  const service = props.service
  const [at, setAt] = createSignal<'now' | 'end_of_period'>('end_of_period')
  const input = createMemo((): Cancellation => ({ at: at() }))
  const form = createSubmit({
    run: (how: Cancellation) => api.cancelService(service.id, how),
    onDone: (made) => {
      const text = { name: nameOf(service), at: made.to ? say.instant(made.to) : t('common.now') }
      tell(t('services.cancelled', text), 'ok', t('common.close'))
      refresh()
      props.onClose()
    },
  })
  return (
    <Frame
      title={t('services.cancel_title', { name: nameOf(service) })}
      lead={t('services.cancel_text')}
      form={form}
      ready
      danger
      button={t('services.cancel')}
      onSubmit={() => void form.submit(input())}
      onClose={props.onClose}
    >
      <Choice
        legend={t('services.when')}
        value={at()}
        choices={[
          { value: 'end_of_period', label: t('services.end_of_period') },
          { value: 'now', label: t('services.end_now') },
        ]}
        onChange={setAt}
      />
      <BillPreview input={input()} ask={(how, signal) => api.previewCancellation(service.id, how, signal)} />
    </Frame>
  )
}
