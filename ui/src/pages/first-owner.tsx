/** The first run: whoever came with the set-up token makes the owner of the installation. */
import { A, useNavigate } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { NewPersonFields, PERSON_POINTERS } from '../parts/person-fields.tsx'
import { createSubmit } from '../parts/form.ts'
import { ProblemNote } from '../parts/load.tsx'
import { Card, Outside, PASSWORD_MIN } from '../parts/outside.tsx'
import { TotpSetUp } from '../parts/totp.tsx'
import { paths } from '../paths.ts'
import { begin } from '../session.ts'

export default function FirstOwner() {
  const navigate = useNavigate()
  const [name, setName] = createSignal('')
  const [email, setEmail] = createSignal('')
  const [password, setPassword] = createSignal('')
  const [isMade, setMade] = createSignal(false)
  const leave = () => navigate(paths.overview, { replace: true })
  const form = createSubmit({
    run: () => api.createOwner({ name: name().trim(), email: email().trim(), password: password() }),
    onDone: ({ session }) => {
      if (session) begin(session)
      setMade(true)
    },
  })
  return (
    <Outside
      title={t('owner.title')}
      heading={isMade() ? t('owner.factor_title') : t('owner.title')}
      lead={isMade() ? t('owner.factor_lead') : t('owner.lead')}
    >
      <Show
        when={isMade()}
        fallback={
          <Card onSubmit={() => void form.submit(undefined)}>
            <NewPersonFields
              name={name()}
              onName={setName}
              email={email()}
              onEmail={setEmail}
              password={password()}
              onPassword={setPassword}
              errorAt={form.fieldError}
            />
            <Show when={form.restError(PERSON_POINTERS)}>{(problem) => <ProblemNote error={problem()} />}</Show>
            <Button
              type="submit"
              variant="primary"
              busy={form.busy()}
              disabled={!name().trim() || !email().trim() || password().length < PASSWORD_MIN}
            >
              {t('owner.button')}
            </Button>
            <A href={paths.overview} class="text-center text-sm text-accent-text hover:underline">
              {t('owner.later')}
            </A>
          </Card>
        }
      >
        <div class="card flex flex-col gap-4 p-5">
          <TotpSetUp password={password()} onDone={leave} />
          <Button variant="ghost" onClick={leave}>
            {t('owner.skip')}
          </Button>
        </div>
      </Show>
    </Outside>
  )
}
