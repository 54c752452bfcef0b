/** Inviting a person: by mail, or by a link to pass on where there is no mail. */
import { useQuery } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { ProjectChecks } from './project-choice.tsx'
import { createRoles } from './role-options.ts'

interface Props {
  onClose: () => void
  onSent: (made: Awaited<ReturnType<typeof api.invite>>) => void
}
const POINTERS = ['/email', '/role', '/account_id', '/project_ids', '/language']

export function InviteDialog(props: Props) {
  const session = useQuery(() => queries.session())
  const accounts = useQuery(() => queries.accounts())
  const isTenant = () => session.status === 'success' && session.data.account !== null
  const roles = createRoles()
  const [email, setEmail] = createSignal('')
  const [role, setRole] = createSignal(isTenant() ? 'tenant_member' : 'support')
  const [account, setAccount] = createSignal('')
  const [letters, setLetters] = createSignal<'en' | 'es'>(language())
  const choices = () => (accounts.status === 'success' ? accounts.data.items : [])
  const account_id = () => (roles.isOfAccount(role()) ? account() || choices()[0]?.id || null : null)
  const [projects, setProjects] = createSignal<string[]>([])
  const project_ids = () => (roles.isOfAccount(role()) && projects().length > 0 ? projects() : null)
  const form = createSubmit({
    run: () =>
      api.invite({
        email: email().trim(),
        ...roles.given(role()),
        account_id: account_id(),
        project_ids: project_ids(),
        language: letters(),
      }),
    onDone: (made) => props.onSent(made),
  })
  return (
    <FormDialog
      title={t('people.invite')}
      lead={t('people.invite_lead')}
      form={form}
      shown={POINTERS}
      ready={email().trim() !== ''}
      button={t('people.invite')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('people.email')}
        type="email"
        maxlength={200}
        value={email()}
        error={form.fieldError('/email')}
        onInput={(event) => setEmail(event.currentTarget.value)}
      />
      <SelectField
        label={t('api_keys.role')}
        hint={roles.textOf(role())}
        value={role()}
        options={roles.options(isTenant() ? 'account' : undefined)}
        error={form.fieldError('/role')}
        onChange={setRole}
      />
      <Show when={roles.isOfAccount(role())}>
        <SelectField
          label={t('common.account')}
          value={account() || choices()[0]?.id || ''}
          options={choices().map(({ id, name }) => ({ value: id, label: name }))}
          error={form.fieldError('/account_id')}
          onChange={(id) => {
            setAccount(id)
            setProjects([])
          }}
        />
        <ProjectChecks
          account={account_id() ?? undefined}
          chosen={projects()}
          error={form.fieldError('/project_ids')}
          onChange={setProjects}
        />
      </Show>
      <SelectField
        label={t('people.letter_language')}
        value={letters()}
        options={[
          { value: 'en', label: 'English' },
          { value: 'es', label: 'Español' },
        ]}
        onChange={(value) => setLetters(value === 'es' ? 'es' : 'en')}
      />
    </FormDialog>
  )
}

export const LinkDialog = (props: { link: string; onClose: () => void }) => (
  <Dialog
    open
    onClose={props.onClose}
    closeLabel={t('common.close')}
    title={t('people.link_title')}
    lead={t('people.link_text')}
    footer={<Button onClick={() => props.onClose()}>{t('common.close')}</Button>}
  >
    <CopyLine
      text={props.link}
      label={t('people.link_title')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
    />
  </Dialog>
)
