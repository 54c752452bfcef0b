/** Asking for a new password by mail. */
import { A } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from '../parts/form.ts'
import { ProblemNote } from '../parts/load.tsx'
import { Card, Outside } from '../parts/outside.tsx'
import { paths } from '../paths.ts'

export default function ForgottenPassword() {
  const [email, setEmail] = createSignal('')
  const [isAsked, setAsked] = createSignal(false)
  const form = createSubmit({
    run: () => api.askReset(email().trim(), language()),
    onDone: () => setAsked(true),
  })
  return (
    <Outside title={t('reset.ask_title')} heading={t('reset.ask_title')} lead={t('reset.ask_lead')}>
      <Card onSubmit={() => void form.submit(undefined)}>
        <Show
          when={!isAsked()}
          fallback={
            <p role="status" class="m-0 text-sm">
              {t('reset.asked')}
            </p>
          }
        >
          <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
          <TextField
            label={t('people.email')}
            name="email"
            type="email"
            autocomplete="username"
            required
            maxlength={200}
            autofocus
            value={email()}
            error={form.fieldError('/email')}
            onInput={(event) => setEmail(event.currentTarget.value)}
          />
          <Button type="submit" variant="primary" busy={form.busy()} disabled={!email().trim()}>
            {t('reset.ask')}
          </Button>
        </Show>
        <A href={paths.signIn()} class="text-center text-sm text-accent-text hover:underline">
          {t('sign_in.back')}
        </A>
      </Card>
    </Outside>
  )
}
