/** Making a role or changing one: a name, what it reaches, and what it may do, each permission in plain words. */
import { createSignal, For, Show } from 'solid-js'
import { api, type Permission, type RoleEntry } from '../api.ts'
import type { en } from '../i18n/en.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { CheckField, Choice, TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createTenant } from './tenant.ts'

interface Props {
  /** absent: a new one */
  role?: RoleEntry
  all: readonly RoleEntry[]
  onClose: () => void
  onDone: () => void
}
const POINTERS = ['/name', '/permissions']
/** The built-in role that may do all that a role of this kind may. */
const FULLEST = { installation: 'owner', account: 'tenant_owner' } as const
type Part = keyof typeof en.permission
const partOf = (permission: Permission) => permission.split('.')[0] as Part

export function RoleEditor(props: Props) {
  const tenant = createTenant()
  const [name, setName] = createSignal(props.role?.custom?.name ?? '')
  const [of, setOf] = createSignal<RoleEntry['of']>(props.role?.of ?? 'installation')
  const [chosen, setChosen] = createSignal<readonly Permission[]>(props.role?.permissions ?? [])
  const offered = () => props.all.find((one) => one.custom === null && one.role === FULLEST[of()])?.permissions ?? []
  const parts = () => [...Map.groupBy(offered(), partOf)]
  /** what was chosen before it became a role of an account, and isn't for those, is left behind */
  const permissions = () => chosen().filter((one) => offered().includes(one))
  const toggle = (one: Permission, isOn: boolean) =>
    setChosen((before) => (isOn ? [...before, one] : before.filter((other) => other !== one)))
  const form = createSubmit({
    run: () => {
      const wanted = { name: name().trim(), permissions: permissions() }
      const id = props.role?.custom?.id
      return id === undefined ? api.makeRole({ ...wanted, of: of() }) : api.changeCustomRole(id, wanted)
    },
    onDone: () => {
      props.onDone()
      props.onClose()
    },
  })
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.role ? t('roles.change_title', { name: props.role.custom?.name ?? '' }) : t('roles.make')}
      lead={props.role ? t('roles.change_lead') : t('roles.make_lead')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button
            type="submit"
            form="role-form"
            variant="primary"
            busy={form.busy()}
            disabled={!name().trim() || permissions().length === 0}
          >
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="role-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
      >
        <TextField
          label={t('people.name')}
          maxlength={200}
          value={name()}
          error={form.fieldError('/name')}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Show when={!props.role}>
          <Choice
            legend={t('roles.reaches')}
            value={of()}
            choices={[
              { value: 'installation', label: t('roles.of_installation') },
              { value: 'account', label: t('roles.of_account') },
            ]}
            onChange={setOf}
          />
        </Show>
        <div class="grid gap-x-6 gap-y-4 sm:grid-cols-2">
          <For each={parts()}>
            {([part, list]) => (
              <fieldset class="flex min-w-0 flex-col gap-1.5">
                <legend class="mb-1.5 text-[0.8125rem] font-medium">{t(`permission_of.${part}`)}</legend>
                <For each={list}>
                  {(one) => (
                    <CheckField
                      label={t(`permission.${one}`)}
                      hint={tenant.has(one) ? undefined : t('roles.not_yours')}
                      checked={chosen().includes(one)}
                      disabled={!tenant.has(one)}
                      onChange={(isOn) => toggle(one, isOn)}
                    />
                  )}
                </For>
              </fieldset>
            )}
          </For>
        </div>
        <Show when={form.fieldError('/permissions')}>
          {(text) => <p class="m-0 text-[0.8125rem] text-bad">{text()}</p>}
        </Show>
        <Show when={form.restError(POINTERS)}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
  )
}
