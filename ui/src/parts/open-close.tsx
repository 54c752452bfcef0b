/** Opening the close of a month. */
import { useNavigate } from '@solidjs/router'
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { SelectField, TextField } from '../kit/field.tsx'
import { paths } from '../paths.ts'
import { monthText } from './close-state.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { SellerChoice } from './seller.tsx'

const MONTHS = 12
const GRACE_HOURS = 24
const SHOWN = ['/month', '/grace_hours']

/** The months that are over, the last first. */
function monthsBefore(now: Date): string[] {
  return Array.from({ length: MONTHS }, (_, index) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1 - index, 1))
    return first.toISOString().slice(0, 7)
  })
}

export function OpenCloseDialog(props: { onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const months = monthsBefore(new Date())
  const [month, setMonth] = createSignal(months[0] ?? '')
  const [seller, setSeller] = createSignal('')
  const [grace, setGrace] = createSignal(String(GRACE_HOURS))
  const form = createSubmit({
    run: () =>
      api.openClose({
        month: month(),
        grace_hours: Number(grace()),
        ...(seller() && { legal_entity_id: seller() }),
      }),
    onDone: (made) => {
      void client.invalidateQueries({ queryKey: ['closes'] })
      navigate(paths.close(made.id))
    },
  })
  return (
    <FormDialog
      title={t('closing.open')}
      lead={t('closing.open_text')}
      form={form}
      shown={SHOWN}
      button={t('closing.open_button')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <SellerChoice chosen={seller()} onChoose={setSeller} />
      <SelectField
        label={t('closing.month')}
        value={month()}
        options={months.map((value) => ({ value, label: monthText(value) }))}
        onChange={setMonth}
        error={form.fieldError('/month')}
      />
      <TextField
        label={t('closing.grace')}
        hint={t('closing.grace_hint')}
        inputMode="numeric"
        value={grace()}
        onInput={(event) => setGrace(event.currentTarget.value)}
        error={form.fieldError('/grace_hours')}
      />
    </FormDialog>
  )
}
