/** Accepting an invitation: as a new person, or signed in as who one is already. */
import { A, useNavigate } from '@solidjs/router'
import { createResource, createSignal, Match, Show, Switch } from 'solid-js'
import { api, type Session } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/empty.tsx'
import { createSubmit } from '../parts/form.ts'
import { ProblemNote } from '../parts/load.tsx'
import { Card, Outside, PASSWORD_MIN } from '../parts/outside.tsx'
import { NewPersonFields, PERSON_POINTERS } from '../parts/person-fields.tsx'
import { CodeForm } from '../parts/sign-in-code.tsx'
import { OtherWays } from '../parts/sign-in-other.tsx'
import { PasswordForm } from '../parts/sign-in-password.tsx'
import { paths } from '../paths.ts'
import { asApiError } from '../problem.ts'
import { queries, queryClient } from '../queries.ts'
import { begin, takeFragment } from '../session.ts'
import { roleName } from '../parts/role-options.ts'
import { nameText } from '../parts/person-name.ts'

type Shown = Awaited<ReturnType<typeof api.lookUpInvitation>>

export default function AcceptInvitation() {
  const token = takeFragment('invitation') ?? ''
  const [invitation] = createResource(() => api.lookUpInvitation(token))
  const isSpent = () => [404, 422].includes(asApiError(invitation.error).status)
  return (
    <Outside title={t('invitation.title')} heading={t('invitation.title')}>
      <Switch>
        <Match when={invitation.state === 'errored' && isSpent()}>
          <Failure title={t('invitation.spent')} detail={t('invitation.spent_text')} remedy="" />
        </Match>
        <Match when={invitation.state === 'errored'}>
          <ProblemNote error={invitation.error} />
        </Match>
        <Match when={invitation.state === 'ready' ? invitation() : undefined}>
          {(shown) => (
            <div class="flex flex-col gap-4">
              <p class="m-0 text-center text-sm text-pretty">
                {t('invitation.lead', {
                  by: nameText(shown().invited_by),
                  where: shown().account?.name ?? t('invitation.installation'),
                  role: roleName(shown()),
                })}
              </p>
              <Show when={shown().known} fallback={<AsNew token={token} shown={shown()} />}>
                <AsKnown token={token} email={shown().email} />
              </Show>
            </div>
          )}
        </Match>
      </Switch>
    </Outside>
  )
}

function AsNew(props: { token: string; shown: Shown }) {
  const navigate = useNavigate()
  const [name, setName] = createSignal('')
  const [password, setPassword] = createSignal('')
  const form = createSubmit({
    run: () => api.acceptInvitation({ token: props.token, name: name().trim(), password: password() }),
    onDone: ({ session }) => {
      if (session) begin(session)
      navigate(paths.overview, { replace: true })
    },
  })
  return (
    <>
      <Card onSubmit={() => void form.submit(undefined)}>
        <NewPersonFields
          name={name()}
          onName={setName}
          email={props.shown.email}
          password={password()}
          onPassword={setPassword}
          errorAt={form.fieldError}
        />
        <Show when={form.restError(PERSON_POINTERS)}>{(problem) => <ProblemNote error={problem()} />}</Show>
        <Button
          type="submit"
          variant="primary"
          busy={form.busy()}
          disabled={!name().trim() || password().length < PASSWORD_MIN}
        >
          {t('invitation.accept')}
        </Button>
      </Card>
      <OtherWays next="/" onDone={() => navigate(paths.overview)} withoutPasskey />
    </>
  )
}

function AsKnown(props: { token: string; email: string }) {
  const navigate = useNavigate()
  const [wantsCode, setWantsCode] = createSignal(false)
  const accept = createSubmit({
    run: () => api.acceptAsMyself(props.token),
    onDone: () => {
      // there is one membership more
      void queryClient.invalidateQueries({ queryKey: queries.session().queryKey })
      navigate(paths.profile, { replace: true })
    },
  })
  const done = (session: Session) => {
    begin(session)
    void accept.submit(undefined)
  }
  return (
    <>
      <p class="m-0 text-center text-sm text-muted">{t('invitation.known')}</p>
      <Show when={accept.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <Show
        when={wantsCode()}
        fallback={<PasswordForm email={props.email} onDone={done} onCode={() => setWantsCode(true)} />}
      >
        <CodeForm onDone={done} onBack={() => setWantsCode(false)} />
      </Show>
      <A href={paths.signIn()} class="text-center text-sm text-accent-text hover:underline">
        {t('sign_in.back')}
      </A>
    </>
  )
}
