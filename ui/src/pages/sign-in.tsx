/** Signing in: e-mail and password, a passkey, a provider; or a token or key. */
import { A, useNavigate, useSearchParams } from '@solidjs/router'
import { createSignal, Match, Show, Switch } from 'solid-js'
import type { Session } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Failure } from '../kit/empty.tsx'
import { Outside } from '../parts/outside.tsx'
import { CodeForm } from '../parts/sign-in-code.tsx'
import { OtherWays } from '../parts/sign-in-other.tsx'
import { PasswordForm } from '../parts/sign-in-password.tsx'
import { TokenForm } from '../parts/sign-in-token.tsx'
import { paths } from '../paths.ts'
import { begin } from '../session.ts'

/** Only our own addresses: a link can't send people elsewhere after sign-in. */
const ownPath = (next: unknown) => (typeof next === 'string' && /^\/(?![/\\])\P{Cc}*$/u.test(next) ? next : '/')

const SSO_ERRORS = ['not_invited', 'foreign_domain', 'no_membership', 'account_not_linked'] as const
const ssoError = (code: string) => SSO_ERRORS.find((one) => one === code.replaceAll(' ', '_')) ?? 'other'

export default function SignIn() {
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const [wantsCode, setWantsCode] = createSignal(false)
  const next = () => ownPath(search['next'])
  const done = (session: Session) => {
    begin(session)
    navigate(next(), { replace: true })
  }
  return (
    <Outside title={t('sign_in.button')} heading={t('sign_in.title')} lead={t('sign_in.claim')}>
      <Show when={search['ended'] === 'idle'}>
        <p role="status" class="mb-4 rounded-xl border border-line bg-accent-soft px-4 py-3 text-sm">
          {t('sign_in.idle')}
        </p>
      </Show>
      <Switch>
        <Match when={wantsCode()}>
          <CodeForm onDone={done} onBack={() => setWantsCode(false)} />
        </Match>
        <Match when={search['with'] === 'token'}>
          <TokenForm isRefused={search['refused'] === '1'} next={next()} />
        </Match>
        <Match when={true}>
          <div class="flex flex-col gap-4">
            <Show when={typeof search['error'] === 'string' ? search['error'] : undefined}>
              {(code) => (
                <Failure title={t('sign_in.sso_failed')} detail={t(`sign_in.sso.${ssoError(code())}`)} remedy="" />
              )}
            </Show>
            <PasswordForm onDone={done} onCode={() => setWantsCode(true)} />
            <OtherWays next={next()} onDone={done} />
            <p class="m-0 text-center text-sm">
              <A href={`${paths.signIn()}?with=token`} class="text-accent-text hover:underline">
                {t('sign_in.use_token')}
              </A>
            </p>
          </div>
        </Match>
      </Switch>
    </Outside>
  )
}
