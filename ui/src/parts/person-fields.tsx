/** Who one is: name, e-mail and the password that is chosen. */
import { t } from '../i18n/language.ts'
import { TextField } from '../kit/field.tsx'
import { PASSWORD_MIN, passwordHint } from './outside.tsx'

export const PERSON_POINTERS = ['/name', '/email', '/password']

interface Props {
  name: string
  onName: (name: string) => void
  email: string
  /** without it the e-mail is given */
  onEmail?: (email: string) => void
  password: string
  onPassword: (password: string) => void
  errorAt: (pointer: string) => string | undefined
}

export const NewPersonFields = (props: Props) => (
  <>
    <TextField
      label={t('people.name')}
      name="name"
      autocomplete="name"
      required
      maxlength={200}
      autofocus
      value={props.name}
      error={props.errorAt('/name')}
      onInput={(event) => props.onName(event.currentTarget.value)}
    />
    <TextField
      label={t('people.email')}
      name="email"
      type="email"
      autocomplete="username"
      required
      maxlength={200}
      readonly={!props.onEmail}
      value={props.email}
      error={props.errorAt('/email')}
      onInput={(event) => props.onEmail?.(event.currentTarget.value)}
    />
    <NewPasswordField value={props.password} onInput={props.onPassword} error={props.errorAt('/password')} />
  </>
)

export const NewPasswordField = (props: {
  value: string
  onInput: (password: string) => void
  error?: string | undefined
  label?: string
}) => (
  <TextField
    label={props.label ?? t('password.password')}
    hint={passwordHint()}
    name="new-password"
    type="password"
    autocomplete="new-password"
    required
    minlength={PASSWORD_MIN}
    maxlength={200}
    value={props.value}
    error={props.error}
    onInput={(event) => props.onInput(event.currentTarget.value)}
  />
)
