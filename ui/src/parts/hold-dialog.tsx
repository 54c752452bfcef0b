/** Why an account is kept out of the batch. */
import { createSignal } from 'solid-js'
import { api, type ClosingAccount } from '../api.ts'
import { t } from '../i18n/language.ts'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

interface Props {
  close_id: string
  account: ClosingAccount['account']
  onDone: () => void
  onClose: () => void
}

export function HoldDialog(props: Props) {
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: () => api.holdAccount(props.close_id, props.account.id, { held: true, reason: reason() }),
    onDone: () => props.onDone(),
  })
  return (
    <FormDialog
      title={t('closing.hold_title', { name: props.account.name })}
      lead={t('closing.hold_text')}
      form={form}
      shown={['/reason']}
      ready={reason().trim() !== ''}
      button={t('closing.hold')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('closing.reason')}
        maxlength={500}
        value={reason()}
        onInput={(event) => setReason(event.currentTarget.value)}
        error={form.fieldError('/reason')}
      />
    </FormDialog>
  )
}
