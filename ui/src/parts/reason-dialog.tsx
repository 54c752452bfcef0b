/** Something that is done for a reason that stays on record. */
import type { JSX } from 'solid-js'
import { createSignal } from 'solid-js'
import { t } from '../i18n/language.ts'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

interface Props {
  title: string
  text: JSX.Element
  button: string
  run: (reason: string) => Promise<unknown>
  onDone: () => void
  onClose: () => void
}

export function ReasonDialog(props: Props) {
  const [reason, setReason] = createSignal('')
  const form = createSubmit({ run: () => props.run(reason().trim()), onDone: () => props.onDone() })
  return (
    <FormDialog
      title={props.title}
      lead={props.text}
      form={form}
      shown={['/reason']}
      ready={reason().trim() !== ''}
      button={props.button}
      danger
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('charges.reason')}
        maxlength={500}
        value={reason()}
        onInput={(event) => setReason(event.currentTarget.value)}
        error={form.fieldError('/reason')}
      />
    </FormDialog>
  )
}
