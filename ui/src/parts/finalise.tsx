/** Finalising: blocked with the reason, or confirmed by typing the customer's name. */
import { A, useNavigate } from '@solidjs/router'
import { useQueryClient } from '@tanstack/solid-query'
import Lock from 'lucide-solid/icons/lock'
import { createSignal, For, Show } from 'solid-js'
import { api, type Draft } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { BlockedGaps } from './accept-gaps.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'

export const isBlocked = (draft: Draft) =>
  draft.unrated.length > 0 || draft.blocked_gaps.length > 0 || draft.lines.length === 0

export function FinaliseButton(props: { draft: Draft; onOpen: () => void }) {
  const may = createMay()
  return (
    <Button
      variant="primary"
      icon={<Lock size={15} />}
      disabled={isBlocked(props.draft)}
      aria-describedby={isBlocked(props.draft) ? 'finalise-blocked' : undefined}
      onClick={() => props.onOpen()}
      {...may('billing.write')}
    >
      {t('draft.finalise')}
    </Button>
  )
}

const SHOWN_UNRATED = 6

/** Why the button can't be used, and the way out. */
export const BlockedNote = (props: { draft: Draft }) => (
  <Show when={isBlocked(props.draft)}>
    <div
      id="finalise-blocked"
      class="mb-4 flex flex-wrap items-start justify-between gap-3 rounded-xl border border-warn-mark/40 bg-warn-soft px-4 py-3.5 text-sm"
    >
      <div class="min-w-0">
        <p class="m-0 font-semibold text-warn">{t('draft.blocked')}</p>
        <Show when={props.draft.lines.length === 0 && props.draft.unrated.length === 0}>
          <p class="m-0">{t('draft.blocked_empty')}</p>
        </Show>
        <BlockedGaps draft={props.draft} />
        <Show when={props.draft.unrated.length > 0}>
          <p class="m-0">{t('draft.blocked_text', props.draft.unrated.length)}</p>
          <ul class="m-0 mt-1.5 list-disc pl-5">
            <For each={props.draft.unrated.slice(0, SHOWN_UNRATED)}>
              {(one) => (
                <li>
                  <A href={paths.resource(one.resource.id)} class="text-link">
                    {one.resource.name}
                  </A>{' '}
                  <span class="text-muted">
                    {t(`kind.${one.resource.kind}`)} · {t(`meter.${one.meter}`)} · {t('draft.usage_hours', one.hours)}
                    <Show when={one.index}>{(name) => ` · ${t('indexes.silent', { name: name() })}`}</Show>
                  </span>
                </li>
              )}
            </For>
            <Show when={props.draft.unrated.length > SHOWN_UNRATED}>
              <li class="text-muted">+ {props.draft.unrated.length - SHOWN_UNRATED}</li>
            </Show>
          </ul>
        </Show>
      </div>
      <Show when={props.draft.blocked_gaps.length === 0 || props.draft.unrated.length > 0}>
        <A href={missingPrice(props.draft)} class={buttonClass('secondary')}>
          {t('draft.see_prices')}
        </A>
      </Show>
    </div>
  </Show>
)

const missingPrice = (draft: Draft) => {
  const [first] = draft.unrated
  if (first?.index) return paths.priceIndexes
  return first ? `${paths.prices}?set=1&kind=${first.resource.kind}&meter=${first.meter}` : paths.prices
}

export function FinaliseDialog(props: { draft: Draft; onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [typed, setTyped] = createSignal('')
  const name = () => props.draft.buyer.name
  const isConfirmed = () => typed().trim().toLowerCase() === name().trim().toLowerCase()
  const form = createSubmit({
    run: () => api.finalise({ account_id: props.draft.account_id }),
    onDone: (invoice) => {
      tell(t('draft.finalised', { number: invoice.number }), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['invoices'] })
      void client.invalidateQueries({ queryKey: ['drafts'] })
      navigate(paths.invoice(invoice.id))
    },
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('draft.finalise_title')}
      lead={t('draft.finalise_text')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="finalise-form" variant="primary" busy={form.busy()} disabled={!isConfirmed()}>
            {t('draft.finalise_button', { total: say.money(props.draft.totals.total, props.draft.currency) })}
          </Button>
        </>
      }
    >
      <form
        id="finalise-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (isConfirmed()) void form.submit(undefined)
        }}
      >
        <TextField
          label={t('draft.finalise_type', { name: `“${name()}”` })}
          name="confirmation"
          autofocus
          value={typed()}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
  )
}
