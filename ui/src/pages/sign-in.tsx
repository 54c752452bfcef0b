/** Signing in with the set-up token or an API key. */
import { useNavigate, useSearchParams } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { Failure } from '../kit/empty.tsx'
import { TextField } from '../kit/field.tsx'
import { LanguageChoice, ThemeChoice } from '../parts/appearance.tsx'
import { Mark } from '../parts/mark.tsx'
import { ProblemNote } from '../parts/load.tsx'
import { Title } from '../parts/title.tsx'
import { asApiError, type ApiError } from '../problem.ts'
import { signIn } from '../session.ts'

/** Only our own addresses: a link can't send people elsewhere after sign-in. */
const ownPath = (next: unknown) => (typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/')

export default function SignIn() {
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const [token, setToken] = createSignal('')
  const [busy, setBusy] = createSignal(false)
  const [refused, setRefused] = createSignal(search['refused'] === '1')
  const [error, setError] = createSignal<ApiError>()

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    setRefused(false)
    try {
      await signIn(token())
      navigate(ownPath(search['next']), { replace: true })
    } catch (cause) {
      const problem = asApiError(cause)
      if (problem.status === 401 || problem.status === 422) setRefused(true)
      else setError(problem)
    } finally {
      setBusy(false)
    }
  }

  return (
    <main class="flex min-h-dvh flex-col items-center justify-center gap-8 px-4 py-10">
      <Title text={t('sign_in.button')} />
      <div class="w-full max-w-md">
        <div class="mb-6 flex flex-col items-center gap-4 text-center">
          <Mark size={44} />
          <div>
            <h1 class="text-xl font-semibold tracking-tight">{t('sign_in.title')}</h1>
            <p class="mt-1 text-sm text-muted text-pretty">{t('sign_in.claim')}</p>
          </div>
        </div>
        <form onSubmit={(event) => void submit(event)} class="card flex flex-col gap-4 p-5">
          <p class="m-0 text-sm text-muted">{t('sign_in.lead')}</p>
          <Show when={refused()}>
            <Failure title={t('sign_in.refused')} detail={t('sign_in.refused_text')} remedy="" />
          </Show>
          <Show when={error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
          <TextField
            label={t('sign_in.field')}
            name="token"
            type="password"
            autocomplete="current-password"
            required
            minlength={10}
            maxlength={200}
            autofocus
            value={token()}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
          <Button type="submit" variant="primary" busy={busy()} disabled={token().trim().length < 10}>
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
        </form>
      </div>
      <div class="flex flex-wrap items-center justify-center gap-3">
        <ThemeChoice hideLegend />
        <LanguageChoice hideLegend />
      </div>
    </main>
  )
}
