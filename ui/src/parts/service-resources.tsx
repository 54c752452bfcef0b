/** What fulfils a service: attached from a list of what the account owns, detached after a question. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import X from 'lucide-solid/icons/x'
import { createSignal, For, Show } from 'solid-js'
import { api, type Subscription } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { Confirm } from './confirm.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { createRefresh, nameOf } from './service-dialogs.tsx'

type Attached = Subscription['resources'][number]
const isNow = ({ to }: Attached): boolean => to === null || Date.parse(to) > Date.now()

export function ServiceResources(props: { service: Subscription; isStaff: boolean }) {
  const refresh = createRefresh()
  const may = createMay()
  const [attaching, setAttaching] = createSignal(false)
  const [detaching, setDetaching] = createSignal<Attached | null>(null)
  const current = () => props.service.resources.filter(isNow)
  return (
    <div class="flex flex-wrap items-center gap-x-3 gap-y-1 text-[0.8125rem]">
      <span class="text-muted">{t('services.fulfilled_by')}</span>
      <For each={current()} fallback={<span>{t('services.nothing')}</span>}>
        {(one) => (
          <span class="inline-flex items-center gap-0.5">
            <A href={paths.resource(one.resource.id)} class="text-link" title={say.instant(one.from)}>
              {one.resource.name}
            </A>
            <Show when={props.isStaff}>
              <IconButton
                label={t('services.detach', { name: one.resource.name })}
                onClick={() => setDetaching(one)}
                {...may('contracts.write')}
              >
                <X size={14} />
              </IconButton>
            </Show>
          </span>
        )}
      </For>
      <Show when={props.isStaff && props.service.state !== 'cancelled'}>
        <Button
          size="small"
          variant="ghost"
          icon={<Plus size={14} />}
          onClick={() => setAttaching(true)}
          {...may('contracts.write')}
        >
          {t('services.attach')}
        </Button>
      </Show>
      <Show when={attaching()}>
        <AttachDialog service={props.service} onClose={() => setAttaching(false)} />
      </Show>
      <Show when={detaching()} keyed>
        {(one) => (
          <Confirm
            title={t('services.detach', { name: one.resource.name })}
            text={t('services.detach_text', { name: one.resource.name })}
            button={t('common.remove')}
            run={() => api.detachResource(props.service.id, one.id)}
            onClose={() => setDetaching(null)}
            onDone={() => {
              tell(t('services.detached', { name: one.resource.name }), 'ok', t('common.close'))
              refresh()
              setDetaching(null)
            }}
          />
        )}
      </Show>
    </div>
  )
}

function AttachDialog(props: { service: Subscription; onClose: () => void }) {
  const refresh = createRefresh()
  const [chosen, setChosen] = createSignal('')
  const owned = useQuery(() => queries.ownedBy(props.service.account_id))
  const list = () =>
    (owned.status === 'success' ? owned.data.items : []).filter(
      (one) => !props.service.resources.some((known) => isNow(known) && known.resource.id === one.id),
    )
  const id = () => chosen() || list()[0]?.id || ''
  const form = createSubmit({
    run: () => api.attachResource(props.service.id, id()),
    onDone: () => {
      const name = list().find((one) => one.id === id())?.name ?? ''
      tell(t('services.attached', { name }), 'ok', t('common.close'))
      refresh()
      props.onClose()
    },
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={t('services.attach_title', { name: nameOf(props.service) })}
      closeLabel={t('common.close')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button
            variant="primary"
            busy={form.busy()}
            disabled={id() === ''}
            onClick={() => void form.submit(undefined)}
          >
            {t('services.attach')}
          </Button>
        </>
      }
    >
      <div class="flex flex-col gap-4">
        <SelectField
          label={t('services.resource')}
          value={id()}
          options={list().map((one) => ({ value: one.id, label: `${one.name} · ${t(`kind.${one.kind}`)}` }))}
          error={form.fieldError('/resource_id')}
          onChange={setChosen}
        />
        <Show when={form.restError(['/resource_id'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </div>
    </Dialog>
  )
}
