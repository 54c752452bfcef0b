/** Sets a budget of the account, or how much of a meter one of its resources may use in a month before somebody is told. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { METERS } from '../i18n/words.ts'
import { SelectField, TextField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

interface Props {
  account: string
  currency?: string | undefined
  /** absent: a budget of the account */
  resource?: { id: string; name: string }
  amount?: string
  onClose: () => void
}

export function LimitDialog(props: Props) {
  const client = useQueryClient()
  const meters = useQuery(() => queries.meters())
  const [amount, setAmount] = createSignal(props.amount ?? '')
  const [meter, setMeter] = createSignal<(typeof METERS)[number]>('network_transmit_bytes')
  const units = () =>
    (meters.status === 'success' ? meters.data?.items : undefined)?.find((one) => one.name === meter())?.units ?? []
  const [unit, setUnit] = createSignal('')
  const chosenUnit = () => (units().includes(unit()) ? unit() : (units()[0] ?? ''))
  const form = createSubmit({
    run: () =>
      api.setLimit(props.account, {
        amount: amount().trim().replace(',', '.'),
        ...(props.resource && { resource_id: props.resource.id, meter: meter(), unit: chosenUnit() }),
      }),
    onDone: () => {
      void client.invalidateQueries({ queryKey: ['limits'] })
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={props.resource ? t('limits.limit_of', { name: props.resource.name }) : t('limits.set_budget')}
      lead={props.resource ? t('limits.limit_lead') : t('limits.budget_lead')}
      form={form}
      shown={['/amount']}
      ready={amount().trim() !== ''}
      button={t('common.save')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <Show when={props.resource}>
        <SelectField
          label={t('limits.meter')}
          value={meter()}
          onChange={(value) => setMeter(value as ReturnType<typeof meter>)}
          options={METERS.map((value) => ({ value, label: t(`meter.${value}`) }))}
        />
        <SelectField
          label={t('limits.unit')}
          value={chosenUnit()}
          onChange={setUnit}
          options={units().map((value) => ({ value, label: value }))}
        />
      </Show>
      <TextField
        label={props.resource ? t('limits.amount') : t('limits.budget_amount', { currency: props.currency ?? '' })}
        inputmode="decimal"
        value={amount()}
        onInput={(event) => setAmount(event.currentTarget.value)}
        error={form.fieldError('/amount')}
      />
    </FormDialog>
  )
}
