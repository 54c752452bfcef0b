/** Acting as a customer: begun with a reason, always in sight, ended by one click. */
import { useQuery } from '@tanstack/solid-query'
import Eye from 'lucide-solid/icons/eye'
import { createSignal, Show } from 'solid-js'
import { type Account, api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

const REASON_MIN = 5

/** A whole load: nothing that was read as somebody else stays in memory. */
const reload = () => location.assign(paths.overview)

export function ImpersonateDialog(props: { account: Account; onClose: () => void }) {
  const [reason, setReason] = createSignal('')
  const form = createSubmit({ run: () => api.impersonate(props.account.id, reason().trim()), onDone: reload })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('impersonation.title', { name: props.account.name })}
      lead={t('impersonation.lead')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button
            type="submit"
            form="impersonation-form"
            variant="primary"
            icon={<Eye size={16} />}
            busy={form.busy()}
            disabled={reason().trim().length < REASON_MIN}
          >
            {t('impersonation.begin')}
          </Button>
        </>
      }
    >
      <form
        id="impersonation-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
      >
        <TextField
          label={t('impersonation.reason')}
          hint={t('impersonation.reason_hint')}
          maxlength={500}
          value={reason()}
          error={form.fieldError('/reason')}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        <Show when={form.restError(['/reason'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
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
