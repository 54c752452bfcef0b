/** The suspension of a service: a chip that says since when, its history, and the dialogs that suspend and resume it. */
import { createSignal, For, Show } from 'solid-js'
import { api, type Subscription } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { createMay } from './may.ts'
import { nameText } from './person-name.ts'
import { ReasonDialog } from './reason-dialog.tsx'
import { createRefresh, nameOf } from './service-dialogs.tsx'

type Suspension = NonNullable<Subscription['suspension']>

export const SuspensionBadge = (props: { of: Suspension }) => (
  <Badge tone={props.of.state === 'planned' ? 'accent' : 'warn'}>
    {t(props.of.state === 'planned' ? 'services.suspended_from' : 'services.suspended_since', {
      at: say.instant(props.of.from),
    })}
  </Badge>
)

/** Until when, and for those who may know why. */
export const SuspensionNote = (props: { of: Suspension }) => (
  <Show when={props.of.reason ?? props.of.to}>
    <p class="m-0 text-[0.8125rem] break-words text-muted">
      <Show when={props.of.to}>
        {(to) => <span class="block">{t('services.suspended_until', { at: say.instant(to()) })}</span>}
      </Show>
      <Show when={props.of.reason}>
        {(reason) => t('services.suspended_by', { name: nameText(props.of.actor ?? ''), reason: reason() })}
      </Show>
    </p>
  </Show>
)

interface ButtonProps {
  service: Subscription
  onSuspend: () => void
  onLift: () => void
}
export function SuspensionButton(props: ButtonProps) {
  const may = createMay()
  return (
    <Show
      when={props.service.suspension}
      fallback={
        <Button size="small" variant="ghost" onClick={() => props.onSuspend()} {...may('contracts.write')}>
          {t('services.suspend')}
        </Button>
      }
    >
      <Button size="small" onClick={() => props.onLift()} {...may('contracts.write')}>
        {t('services.lift')}
      </Button>
    </Show>
  )
}

const isOver = ({ state }: Suspension): boolean => state === 'ended'

/** Those that are over. */
export const Suspensions = (props: { service: Subscription }) => (
  <Show when={props.service.suspensions.some(isOver)}>
    <details class="text-[0.8125rem]">
      <summary class="w-fit cursor-pointer rounded text-muted hover:text-text">{t('services.suspensions')}</summary>
      <ol class="tabular m-0 mt-2 list-none p-0">
        <For each={props.service.suspensions.filter(isOver)}>
          {(one) => (
            <li class="border-l border-line py-1 pl-3">
              {say.instant(one.from)}
              <Show when={one.to}>{(to) => <> {t('services.until', { at: say.instant(to()) })}</>}</Show>
              <Show when={one.reason}>
                <span class="block text-muted">
                  {nameText(one.actor ?? '')}: {one.reason}
                </span>
              </Show>
              <Show when={one.end}>
                {(end) => (
                  <span class="block text-muted">
                    {t('services.suspension_ended_by', { name: nameText(end().actor) })}
                    {end().reason && `: ${end().reason}`}
                  </span>
                )}
              </Show>
            </li>
          )}
        </For>
      </ol>
    </details>
  </Show>
)

interface DialogProps {
  service: Subscription
  onClose: () => void
}
export function SuspendDialog(props: DialogProps) {
  const refresh = createRefresh()
  // what is asked about stays, whatever arrives meanwhile
  const service = props.service
  return (
    <ReasonDialog
      title={t('services.suspend_title', { name: nameOf(service) })}
      text={t('services.suspend_text')}
      button={t('services.suspend_button')}
      run={(reason) => api.suspendService(service.id, reason)}
      onDone={() => {
        tell(t('services.suspended', { name: nameOf(service) }), 'ok', t('common.close'))
        refresh()
        props.onClose()
      }}
      onClose={props.onClose}
    />
  )
}

export function LiftDialog(props: DialogProps) {
  const refresh = createRefresh()
  const service = props.service
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: () => api.liftSuspension(service.id, reason().trim()),
    onDone: () => {
      tell(t('services.lifted', { name: nameOf(service) }), 'ok', t('common.close'))
      refresh()
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('services.lift_title', { name: nameOf(service) })}
      lead={t('services.lift_text')}
      form={form}
      shown={['/reason']}
      button={t('services.lift')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('services.lift_reason')}
        maxlength={500}
        value={reason()}
        error={form.fieldError('/reason')}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
