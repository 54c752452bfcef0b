/** Choosing a new password, by the link of a mail or of the command line. */
import { A } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/empty.tsx'
import { createSubmit } from '../parts/form.ts'
import { ProblemNote } from '../parts/load.tsx'
import { Card, Outside, PASSWORD_MIN } from '../parts/outside.tsx'
import { NewPasswordField } from '../parts/person-fields.tsx'
import { paths } from '../paths.ts'
import { takeFragment } from '../session.ts'

export default function ResetPassword() {
  const token = takeFragment('reset')
  const [password, setPassword] = createSignal('')
  const [isDone, setDone] = createSignal(false)
  const form = createSubmit({ run: () => api.reset(token ?? '', password()), onDone: () => setDone(true) })
  const isSpent = () => token === null || form.error()?.status === 404
  return (
    <Outside title={t('reset.title')} heading={t('reset.title')} lead={t('reset.lead')}>
      <Card onSubmit={() => void form.submit(undefined)}>
        <Show
          when={!isDone()}
          fallback={
            <p role="status" class="m-0 text-sm">
              {t('reset.done')}
            </p>
          }
        >
          <Show when={isSpent()}>
            <Failure title={t('reset.spent')} detail={t('reset.spent_text')} remedy="" />
          </Show>
          <Show when={isSpent() ? undefined : form.restError(['/password'])}>
            {(problem) => <ProblemNote error={problem()} />}
          </Show>
          <NewPasswordField
            label={t('password.new')}
            value={password()}
            onInput={setPassword}
            error={form.fieldError('/password')}
          />
          <Button
            type="submit"
            variant="primary"
            busy={form.busy()}
            disabled={token === null || password().length < PASSWORD_MIN}
          >
            {t('reset.button')}
          </Button>
        </Show>
        <A
          href={isSpent() ? paths.forgotten : paths.signIn()}
          class="text-center text-sm text-accent-text hover:underline"
        >
          {isSpent() ? t('reset.ask_title') : t('sign_in.back')}
        </A>
      </Card>
    </Outside>
  )
}
