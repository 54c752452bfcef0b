/** Acting as a customer: begun with a reason, always in sight, ended by one click. */
import { useQuery } from '@tanstack/solid-query'
import Eye from 'lucide-solid/icons/eye'
import { createSignal, Show } from 'solid-js'
import { type Account, api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

const REASON_MIN = 5

/** A whole load: nothing that was read as somebody else stays in memory. */
const reload = () => location.assign(paths.overview)

export function ImpersonateDialog(props: { account: Account; onClose: () => void }) {
  const [reason, setReason] = createSignal('')
  const form = createSubmit({ run: () => api.impersonate(props.account.id, reason().trim()), onDone: reload })
  return (
    <FormDialog
      title={t('impersonation.title', { name: props.account.name })}
      lead={t('impersonation.lead')}
      form={form}
      shown={['/reason']}
      ready={reason().trim().length >= REASON_MIN}
      button={t('impersonation.begin')}
      icon={<Eye size={16} />}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextField
        label={t('impersonation.reason')}
        hint={t('impersonation.reason_hint')}
        maxlength={500}
        value={reason()}
        error={form.fieldError('/reason')}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

/** On every page while staff act as a customer. */
export function ImpersonationNote() {
  const session = useQuery(() => queries.session())
  const form = createSubmit({ run: () => api.endImpersonation(), onDone: reload })
  const held = () => (session.status === 'success' ? session.data.impersonation : null)
  return (
    <Show when={held()}>
      {(one) => (
        <div
          role="status"
          class="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-warn-mark/40 bg-warn-soft px-4 py-2 text-[0.8125rem] text-warn sm:px-6 lg:px-8"
        >
          <p class="m-0 min-w-0 flex-1 basis-64">
            <span class="font-medium">
              {t('impersonation.note', {
                name: session.data?.account?.name ?? '',
                until: say.clock(Date.parse(one().ends_at)),
              })}
            </span>{' '}
            {one().reason}
          </p>
          <Button size="small" busy={form.busy()} onClick={() => void form.submit(undefined)}>
            {t('impersonation.end')}
          </Button>
        </div>
      )}
    </Show>
  )
}
