/** Changing one's password; everybody else who is signed in with it is signed out. */
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { PASSWORD_MIN } from './outside.tsx'
import { Section } from './page.tsx'
import { NewPasswordField } from './person-fields.tsx'

export function PasswordSection() {
  const client = useQueryClient()
  const [current, setCurrent] = createSignal('')
  const [password, setPassword] = createSignal('')
  const form = createSubmit({
    run: () => api.changePassword({ current_password: current(), password: password() }),
    onDone: () => {
      setCurrent('')
      setPassword('')
      tell(t('password.changed'), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['profile'] })
    },
  })
  return (
    <Section title={t('password.password')}>
      <form
        class="flex flex-col gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
      >
        <TextField
          label={t('password.current')}
          type="password"
          autocomplete="current-password"
          maxlength={1000}
          value={current()}
          error={form.fieldError('/current_password') && t('password.wrong')}
          onInput={(event) => setCurrent(event.currentTarget.value)}
        />
        <NewPasswordField
          label={t('password.new')}
          value={password()}
          onInput={setPassword}
          error={form.fieldError('/password')}
        />
        <Show when={form.restError(['/current_password', '/password'])}>
          {(problem) => <ProblemNote error={problem()} />}
        </Show>
        <div>
          <Button type="submit" busy={form.busy()} disabled={!current() || password().length < PASSWORD_MIN}>
            {t('password.change')}
          </Button>
        </div>
      </form>
    </Section>
  )
}
