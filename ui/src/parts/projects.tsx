/** The projects of an account: opening one, its name, and closing it with where its resources go. */
import { A } from '@solidjs/router'
import { useQueryClient } from '@tanstack/solid-query'
import Archive from 'lucide-solid/icons/archive'
import Pencil from 'lucide-solid/icons/pencil'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, For, Show } from 'solid-js'
import { type Account, api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { createTenant } from './tenant.ts'

type Project = Account['projects'][number]
type Doing = { name: Project | 'new' } | { close: Project }

export function ProjectList(props: { account: Account }) {
  const client = useQueryClient()
  const may = createMay()
  const [doing, setDoing] = createSignal<Doing | null>(null)
  const open = () => props.account.projects.filter(({ closed_at }) => closed_at === null)
  const done = (text: string) => {
    tell(text, 'ok', t('common.close'))
    for (const key of ['accounts', 'resources', 'resource', 'drafts'])
      void client.invalidateQueries({ queryKey: [key] })
    setDoing(null)
  }
  const naming = () => {
    const now = doing()
    return now && 'name' in now ? now.name : null
  }
  const closing = () => {
    const now = doing()
    return now && 'close' in now ? now.close : null
  }
  return (
    <>
      <ul class="m-0 list-none p-0">
        <For each={open()}>
          {(one) => (
            <li class="flex items-center gap-2 border-b border-line px-4 py-2">
              <A
                href={paths.resources({ project_id: one.id })}
                class="min-w-0 flex-1 truncate rounded font-medium text-text hover:text-accent-text"
              >
                {one.name}
              </A>
              <IconButton
                label={t('projects.rename', { name: one.name })}
                onClick={() => setDoing({ name: one })}
                {...may('accounts.write')}
              >
                <Pencil size={16} />
              </IconButton>
              <IconButton
                label={t('projects.close', { name: one.name })}
                onClick={() => setDoing({ close: one })}
                {...may('accounts.write')}
              >
                <Archive size={16} />
              </IconButton>
            </li>
          )}
        </For>
      </ul>
      <div class="p-4">
        <Button
          size="small"
          icon={<Plus size={15} />}
          onClick={() => setDoing({ name: 'new' })}
          {...may('accounts.write')}
        >
          {t('projects.open')}
        </Button>
      </div>
      <Show when={naming()} keyed>
        {(one) => <NameDialog account={props.account} project={one} onClose={() => setDoing(null)} onDone={done} />}
      </Show>
      <Show when={closing()} keyed>
        {(one) => <CloseDialog others={open()} project={one} onClose={() => setDoing(null)} onDone={done} />}
      </Show>
    </>
  )
}

interface DialogProps {
  onClose: () => void
  onDone: (text: string) => void
}

function NameDialog(props: DialogProps & { account: Account; project: Project | 'new' }) {
  const known = props.project === 'new' ? null : props.project
  const [name, setName] = createSignal(known?.name ?? '')
  const form = createSubmit({
    run: () => (known ? api.renameProject(known.id, name().trim()) : api.openProject(props.account.id, name().trim())),
    onDone: (saved) => props.onDone(t('projects.saved', { name: saved.name })),
  })
  return (
    <FormDialog
      title={known ? t('projects.rename', { name: known.name }) : t('projects.open')}
      form={form}
      shown={['/name']}
      ready={name().trim() !== ''}
      button={t('common.save')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('projects.name')}
        maxlength={100}
        value={name()}
        error={form.fieldError('/name')}
        onInput={(event) => setName(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

const EMPTY = 'empty'
const NONE = 'none'

/** Only who may assign resources can say where they go. */
function CloseDialog(props: DialogProps & { project: Project; others: readonly Project[] }) {
  const tenant = createTenant()
  const [target, setTarget] = createSignal(EMPTY)
  const form = createSubmit({
    run: () =>
      api.closeProject(props.project.id, target() === EMPTY ? {} : { move_to: target() === NONE ? null : target() }),
    onDone: (closed) => props.onDone(t('projects.closed', { name: closed.name })),
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('projects.close', { name: props.project.name })}
      lead={t('projects.close_text')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button variant="danger" busy={form.busy()} onClick={() => void form.submit(undefined)}>
            {t('projects.close_button')}
          </Button>
        </>
      }
    >
      <div class="flex flex-col gap-4">
        <Show when={tenant.has('inventory.assign')}>
          <SelectField
            label={t('projects.move_to')}
            value={target()}
            options={[
              { value: EMPTY, label: t('projects.is_empty') },
              { value: NONE, label: t('projects.none') },
              ...props.others
                .filter(({ id }) => id !== props.project.id)
                .map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={setTarget}
          />
        </Show>
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </div>
    </Dialog>
  )
}
