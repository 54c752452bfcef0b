/** Signing in by the set-up token or an API key. */
import { A, useNavigate } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { Failure } from '../kit/empty.tsx'
import { TextField } from '../kit/field.tsx'
import { paths } from '../paths.ts'
import { isFirstRun, signIn } from '../session.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { Card } from './outside.tsx'

export function TokenForm(props: { isRefused: boolean; next: string }) {
  const navigate = useNavigate()
  const [token, setToken] = createSignal('')
  const form = createSubmit({
    run: () => signIn(token()),
    onDone: (session) => navigate(isFirstRun(session, token()) ? paths.firstOwner : props.next, { replace: true }),
  })
  const isRefused = () => [401, 422].includes(form.error()?.status ?? (props.isRefused ? 401 : 0))
  return (
    <Card onSubmit={() => void form.submit(undefined)}>
      <p class="m-0 text-sm text-muted">{t('sign_in.lead')}</p>
      <Show when={isRefused()}>
        <Failure title={t('sign_in.refused')} detail={t('sign_in.refused_text')} remedy="" />
      </Show>
      <Show when={isRefused() ? undefined : form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <TextField
        label={t('sign_in.field')}
        name="token"
        type="password"
        autocomplete="off"
        required
        minlength={10}
        maxlength={200}
        autofocus
        value={token()}
        onInput={(event) => setToken(event.currentTarget.value)}
      />
      <Button type="submit" variant="primary" busy={form.busy()} disabled={token().trim().length < 10}>
        {t('sign_in.button')}
      </Button>
      <div class="flex flex-col gap-1.5 border-t border-line pt-4">
        <span class="text-[0.8125rem] text-muted">{t('sign_in.where')}</span>
        <CopyLine
          text="cat .atalaya/api-key"
          label={t('sign_in.where')}
          labels={{ copy: t('common.copy'), copied: t('common.copied') }}
        />
      </div>
      <A href={paths.signIn()} class="text-center text-sm text-accent-text hover:underline">
        {t('sign_in.use_password')}
      </A>
    </Card>
  )
}
