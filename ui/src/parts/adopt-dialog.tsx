/** Adopting a machine that nobody pays for: whose it becomes, from which instant, and what that brings by the facts that are stored. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createEffect, createSignal, For, on, onCleanup, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { type AdoptionPreview, api, type Discrepancy } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { SelectField, TextArea, TextField } from '../kit/field.tsx'
import { fromLocalInput, toLocalInput } from '../kit/instant.ts'
import { tell } from '../kit/toast.tsx'
import { asApiError } from '../problem.ts'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'

const SHOWN = ['/account_id', '/effective_at', '/reason']
const WAIT_MS = 350

type Machine = NonNullable<Discrepancy['resource']>
type Adoption = Parameters<typeof api.previewAdoption>[1]
interface Adopted {
  id: string
  from: string
  attachment: { service_id: string; id: string } | undefined
}
async function adopt(id: string, { service_id, ...to }: Adoption): Promise<Adopted> {
  await api.transfer(id, to)
  const from = to.effective_at
  if (service_id === undefined) return { id, from, attachment: undefined }
  const reason = to.reason || t('reconciliation.adopt')
  const { resources } = await api.attachResourceFrom(service_id, id, from, reason).catch(async (error: unknown) => {
    // half an adoption is none: it would be charged by use
    await api.withdrawTransfers(id, { from, reason })
    throw error
  })
  const made = resources.findLast((one) => one.resource.id === id && one.from === from)
  return { id, from, attachment: made && { service_id, id: made.id } }
}
/** As though it had never been adopted: what was billed of it meanwhile is given back by the next documents. */
async function undone({ id, from, attachment }: Adopted, names: { name: string }): Promise<void> {
  const reason = t('adopt.take_back_reason')
  try {
    if (attachment) await api.detachResourceFrom(attachment.service_id, attachment.id, from, reason)
    await api.withdrawTransfers(id, { from, reason })
    tell(t('adopt.taken_back', names), 'ok', t('common.close'))
  } catch (error) {
    tell(asApiError(error).message, 'bad', t('common.close'))
  }
}

export function AdoptDialog(props: { machine: Machine; since: string | null; onClose: () => void }) {
  const client = useQueryClient()
  const accounts = useQuery(() => queries.accounts())
  const [fields, setFields] = createStore({
    account: '',
    project: '',
    service: '',
    from: toLocalInput(props.since === null ? Date.now() : Date.parse(props.since)),
    reason: '',
  })
  const list = () => (accounts.status === 'success' ? accounts.data.items : [])
  const account = () => list().find(({ id }) => id === fields.account) ?? list()[0]
  const services = useQuery(() => ({
    ...queries.services(account()?.id ?? ''),
    enabled: account() !== undefined,
  }))
  const open = () =>
    services.status === 'success' ? services.data.items.filter(({ state }) => ['active', 'trial'].includes(state)) : []
  const from = () => fromLocalInput(fields.from)
  const input = () => {
    const [of, at] = [account(), from()]
    if (!of || at === null) return null
    const service = fields.service ? { service_id: fields.service } : {}
    const reason = fields.reason.trim()
    return { account_id: of.id, project_id: fields.project || null, effective_at: at, reason, ...service }
  }
  const looked = () => {
    for (const key of ['reconciliation', 'resource', 'resources', 'drafts', 'queues', 'services'])
      void client.invalidateQueries({ queryKey: [key] })
  }
  const form = createSubmit({
    run: async () => {
      const asked = input()
      if (!asked) return
      const adopted = await adopt(props.machine.id, asked)
      const names = { name: props.machine.name, account: account()?.name ?? '' }
      const undo = () => void undone(adopted, names).finally(looked)
      tell(t('adopt.done', names), 'ok', t('common.close'), { label: t('adopt.take_back'), run: undo })
    },
    onDone: () => {
      looked()
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('adopt.title', { name: props.machine.name })}
      lead={t('adopt.lead')}
      form={form}
      shown={SHOWN}
      ready={input() !== null}
      button={t('adopt.button')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <SelectField
        label={t('transfer.account')}
        value={account()?.id ?? ''}
        options={list().map(({ id, name }) => ({ value: id, label: name }))}
        error={form.fieldError('/account_id')}
        onChange={(value) => setFields({ account: value, project: '', service: '' })}
      />
      <Show when={account()?.projects.length}>
        <SelectField
          label={t('transfer.project')}
          value={fields.project}
          options={[
            { value: '', label: t('transfer.no_project') },
            ...(account()?.projects ?? []).map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(value) => setFields('project', value)}
        />
      </Show>
      <Show when={open().length > 0}>
        <SelectField
          label={t('adopt.service')}
          value={fields.service}
          options={[
            { value: '', label: t('adopt.no_service') },
            ...open().map(({ id, plan }) => ({ value: id, label: plan.name[language()] })),
          ]}
          onChange={(value) => setFields('service', value)}
        />
      </Show>
      <TextField
        label={t('adopt.from')}
        type="datetime-local"
        value={fields.from}
        error={form.fieldError('/effective_at')}
        onInput={(event) => setFields('from', event.currentTarget.value)}
      />
      <TextArea
        label={t('common.reason')}
        hint={t('transfer.reason_hint')}
        optional={t('common.optional')}
        value={fields.reason}
        error={form.fieldError('/reason')}
        onInput={(event) => setFields('reason', event.currentTarget.value)}
      />
      <Preview id={props.machine.id} input={input()} />
      <p class="m-0 text-[0.8125rem] text-muted">{t('adopt.undo')}</p>
    </FormDialog>
  )
}

/** Asked anew after each pause. */
function Preview(props: { id: string; input: Parameters<typeof api.previewAdoption>[1] | null }) {
  const [shown, setShown] = createSignal<AdoptionPreview>()
  const [failure, setFailure] = createSignal<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0
  createEffect(
    on(
      () => JSON.stringify(props.input),
      () => {
        clearTimeout(timer)
        setShown(undefined)
        setFailure(undefined)
        const { input } = props
        asked += 1
        const own = asked
        if (input === null) return
        timer = setTimeout(() => {
          api.previewAdoption(props.id, input).then(
            (made) => own === asked && setShown(made),
            (error: unknown) => own === asked && setFailure(asApiError(error).message),
          )
        }, WAIT_MS)
      },
    ),
  )
  onCleanup(() => clearTimeout(timer))
  return (
    <div class="min-h-19 rounded-lg border border-line bg-sunken px-3.5 py-3 text-sm" aria-live="polite" data-adoption>
      <p class="m-0 mb-1 font-medium">{t('adopt.preview')}</p>
      <Show when={shown()} fallback={<p class="m-0 text-muted">{failure() ?? t('adopt.wait')}</p>}>
        {(one) => (
          <>
            <dl class="tabular m-0 grid grid-cols-[1fr_auto] gap-x-6 gap-y-1">
              <For each={one().months}>
                {({ month, amount, invoiced }) => (
                  <>
                    <dt class="text-muted first-letter:uppercase">
                      {say.month(`${month}-15T12:00:00Z`, 'UTC')}
                      {invoiced ? ` (${t('adopt.as_note')})` : ''}
                    </dt>
                    <dd class="m-0 text-right">{say.money(amount, one().currency)}</dd>
                  </>
                )}
              </For>
              <dt class="font-medium">{t('adopt.total')}</dt>
              <dd class="m-0 text-right font-semibold">{say.money(one().total, one().currency)}</dd>
            </dl>
            <Show when={one().unrated > 0}>
              <p class="m-0 mt-1 text-warn">{t('adopt.unrated', { count: String(one().unrated) })}</p>
            </Show>
          </>
        )}
      </Show>
    </div>
  )
}
