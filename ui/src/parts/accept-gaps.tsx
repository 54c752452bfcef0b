/** Gaps that hold an invoice back, and accepting them with a reason that stays on record. */
import { A } from '@solidjs/router'
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal, For, Show } from 'solid-js'
import { api, type Draft } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { TextArea } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { gapText } from './gaps.tsx'

const SHOWN = 6
/** What one request may accept. */
const MOST = 1_000

export function BlockedGaps(props: { draft: Draft }) {
  const [accepting, setAccepting] = createSignal<Draft>()
  return (
    <Show when={props.draft.blocked_gaps.length > 0}>
      <p class="m-0 mt-2">{t('draft.gaps_text', props.draft.blocked_gaps.length)}</p>
      <ul class="m-0 mt-1.5 list-disc pl-5">
        <For each={props.draft.blocked_gaps.slice(0, SHOWN)}>
          {(one) => (
            <li>
              <A href={paths.resource(one.resource.id)} class="text-link">
                {one.resource.name}
              </A>{' '}
              <span class="text-muted">
                {t(`meter.${one.meter}`)} · {gapText(one, props.draft.zone)}
              </span>
            </li>
          )}
        </For>
        <Show when={props.draft.blocked_gaps.length > SHOWN}>
          <li class="text-muted">+ {props.draft.blocked_gaps.length - SHOWN}</li>
        </Show>
      </ul>
      <Button class="mt-2" size="small" onClick={() => setAccepting(props.draft)}>
        {t('draft.accept')}
      </Button>
      <Show when={accepting()}>
        {(draft) => <AcceptDialog draft={draft()} onClose={() => setAccepting(undefined)} />}
      </Show>
    </Show>
  )
}

/** A gap that goes on is accepted as long as it lasts: the draft's end moves with the clock. */
const accepted = (draft: Draft) =>
  draft.blocked_gaps.slice(0, MOST).map(({ resource, meter, from, to }) => ({
    resource_id: resource.id,
    meter,
    from,
    to: to === draft.period.to ? null : to,
  }))

function AcceptDialog(props: { draft: Draft; onClose: () => void }) {
  const client = useQueryClient()
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: () => api.acceptGaps(props.draft.account_id, { gaps: accepted(props.draft), reason: reason().trim() }),
    onDone: () => {
      tell(t('draft.accepted'), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['drafts'] })
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('draft.accept')}
      lead={t('draft.accept_text')}
      form={form}
      shown={['/reason']}
      ready={reason().trim() !== ''}
      button={t('draft.accept')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <TextArea
        label={t('common.reason')}
        rows={2}
        maxlength={500}
        required
        value={reason()}
        error={form.fieldError('/reason')}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
