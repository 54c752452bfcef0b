/** E-mail and password; a wrong pair is told in the chosen language. */
import { A } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { api, type Session } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/empty.tsx'
import { TextField } from '../kit/field.tsx'
import { paths } from '../paths.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { Card } from './outside.tsx'

interface Props {
  /** whose sign-in it must be */
  email?: string
  onDone: (session: Session) => void
  onCode: () => void
}

export function PasswordForm(props: Props) {
  const [email, setEmail] = createSignal(props.email ?? '')
  const [password, setPassword] = createSignal('')
  const form = createSubmit({
    run: () => api.signInByPassword(email().trim(), password()),
    onDone: ({ session }) => (session ? props.onDone(session) : props.onCode()),
  })
  const isWrong = () => form.error()?.status === 401
  return (
    <Card onSubmit={() => void form.submit(undefined)}>
      <Show when={form.error()}>
        {(problem) => (
          <Show when={isWrong()} fallback={<ProblemNote error={problem()} />}>
            <Failure title={t('sign_in.wrong')} detail={t('sign_in.wrong_text')} remedy="" />
          </Show>
        )}
      </Show>
      <TextField
        label={t('people.email')}
        name="email"
        type="email"
        autocomplete="username"
        required
        maxlength={200}
        autofocus={!props.email}
        readonly={Boolean(props.email)}
        value={email()}
        onInput={(event) => setEmail(event.currentTarget.value)}
      />
      <TextField
        label={t('password.password')}
        name="password"
        type="password"
        autocomplete="current-password"
        required
        maxlength={1000}
        value={password()}
        onInput={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" variant="primary" busy={form.busy()} disabled={!email().trim() || !password()}>
        {t('sign_in.button')}
      </Button>
      <A href={paths.forgotten} class="text-center text-sm text-accent-text hover:underline">
        {t('sign_in.forgotten')}
      </A>
    </Card>
  )
}
