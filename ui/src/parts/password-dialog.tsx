/** Asks for the password once more, before what changes how one signs in. */
import type { JSX } from 'solid-js'
import { createSignal, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

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
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.title}
      lead={props.lead}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="password-form" variant="primary" busy={form.busy()} disabled={!password()}>
            {props.button}
          </Button>
        </>
      }
    >
      <form
        id="password-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
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
        <Show when={form.restError(['/password'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
  )
}
