/** Asks for the password once more, before what changes how one signs in. */
import type { JSX } from 'solid-js'
import { createSignal } from 'solid-js'
import { t } from '../i18n/language.ts'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

interface Props {
  title: string
  lead: string
  button: string
  run: (password: string) => Promise<unknown>
  onDone: (password: string) => void
  onClose: () => void
  /** further fields, above the password */
  children?: JSX.Element
}

export function PasswordDialog(props: Props) {
  const [password, setPassword] = createSignal('')
  const form = createSubmit({ run: () => props.run(password()), onDone: () => props.onDone(password()) })
  return (
    <FormDialog
      title={props.title}
      lead={props.lead}
      form={form}
      shown={['/password']}
      ready={password() !== ''}
      button={props.button}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      {props.children}
      <TextField
        label={t('password.current')}
        type="password"
        autocomplete="current-password"
        maxlength={1000}
        value={password()}
        error={form.fieldError('/password') && t('password.wrong')}
        onInput={(event) => setPassword(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
