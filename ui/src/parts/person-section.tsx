/** Name and e-mail of whoever is signed in; a new e-mail is confirmed by a link that goes to it. */
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { ProblemNote } from './load.tsx'
import { Section } from './page.tsx'

export function PersonSection(props: { name: string; email: string }) {
  const client = useQueryClient()
  const [name, setName] = createSignal(props.name)
  const [changing, setChanging] = createSignal(false)
  const form = createSubmit({
    run: () => api.rename(name().trim()),
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      for (const key of ['profile', 'session', 'people']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  return (
    <Section title={t('profile.person')}>
      <form
        class="flex flex-col gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
      >
        <TextField
          label={t('people.name')}
          autocomplete="name"
          maxlength={200}
          value={name()}
          error={form.fieldError('/name')}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Show when={form.restError(['/name'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
        <div class="flex flex-wrap items-center gap-2">
          <Button type="submit" busy={form.busy()} disabled={!name().trim() || name().trim() === props.name}>
            {t('common.save')}
          </Button>
        </div>
        <div class="flex flex-wrap items-center justify-between gap-2 border-t border-line pt-4">
          <span class="min-w-0 text-sm break-words">{props.email}</span>
          <Button size="small" onClick={() => setChanging(true)}>
            {t('profile.change_email')}
          </Button>
        </div>
      </form>
      <Show when={changing()}>
        <EmailDialog onClose={() => setChanging(false)} />
      </Show>
    </Section>
  )
}

function EmailDialog(props: { onClose: () => void }) {
  const [email, setEmail] = createSignal('')
  const [password, setPassword] = createSignal('')
  const form = createSubmit({
    run: () => api.changeEmail({ email: email().trim(), password: password(), language: language() }),
    onDone: () => {
      tell(t('profile.email_asked'), 'ok', t('common.close'))
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('profile.change_email')}
      lead={t('profile.change_email_lead')}
      form={form}
      shown={['/email', '/password']}
      ready={!(!email() || !password())}
      button={t('profile.change_email')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('profile.new_email')}
        type="email"
        autocomplete="email"
        maxlength={200}
        value={email()}
        error={form.fieldError('/email')}
        onInput={(event) => setEmail(event.currentTarget.value)}
      />
      <TextField
        label={t('password.current')}
        type="password"
        autocomplete="current-password"
        maxlength={1000}
        value={password()}
        error={form.fieldError('/password') && t('password.wrong')}
        onInput={(event) => setPassword(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
