/** The second step: a code of the authenticator app, or a recovery code. */
import { createSignal, Show } from 'solid-js'
import { api, type Session } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/empty.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { Card } from './outside.tsx'

export function CodeForm(props: { onDone: (session: Session) => void; onBack: () => void }) {
  const [code, setCode] = createSignal('')
  const form = createSubmit({
    run: () => api.signInByCode(code().trim()),
    onDone: ({ session }) => session && props.onDone(session),
  })
  return (
    <Card onSubmit={() => void form.submit(undefined)}>
      <p class="m-0 text-sm text-muted">{t('sign_in.code_lead')}</p>
      <Show when={form.error()}>
        {(problem) => (
          <Show when={problem().status === 401} fallback={<ProblemNote error={problem()} />}>
            <Failure title={t('sign_in.code_wrong')} detail={t('sign_in.code_wrong_text')} remedy="" />
          </Show>
        )}
      </Show>
      <TextField
        label={t('sign_in.code')}
        name="code"
        autocomplete="one-time-code"
        required
        minlength={6}
        maxlength={40}
        ref={(field: HTMLInputElement) => queueMicrotask(() => field.focus())}
        value={code()}
        onInput={(event) => setCode(event.currentTarget.value)}
      />
      <Button type="submit" variant="primary" busy={form.busy()} disabled={code().trim().length < 6}>
        {t('sign_in.button')}
      </Button>
      <Button variant="ghost" onClick={() => props.onBack()}>
        {t('sign_in.back')}
      </Button>
    </Card>
  )
}
