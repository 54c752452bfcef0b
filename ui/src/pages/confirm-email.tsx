/** Confirming a new e-mail address, by the link that went to it. */
import { A } from '@solidjs/router'
import { Show } from 'solid-js'
import { createSignal } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { createSubmit } from '../parts/form.ts'
import { ProblemNote } from '../parts/load.tsx'
import { Card, Outside } from '../parts/outside.tsx'
import { paths } from '../paths.ts'
import { takeFragment } from '../session.ts'

/** By a button: programs that look at mails open links, but press nothing. */
export default function ConfirmEmail() {
  const token = takeFragment('email')
  const [isDone, setDone] = createSignal(false)
  const form = createSubmit({ run: () => api.confirmEmail(token ?? ''), onDone: () => setDone(true) })
  return (
    <Outside title={t('new_email.title')} heading={t('new_email.title')} lead={t('new_email.lead')}>
      <Card onSubmit={() => void form.submit(undefined)}>
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
        <Show
          when={!isDone()}
          fallback={
            <p role="status" class="m-0 text-sm">
              {t('new_email.done')}
            </p>
          }
        >
          <Button type="submit" variant="primary" busy={form.busy()} disabled={token === null}>
            {t('new_email.button')}
          </Button>
        </Show>
        <A href={paths.signIn()} class="text-center text-sm text-accent-text hover:underline">
          {t('sign_in.back')}
        </A>
      </Card>
    </Outside>
  )
}
