/** Changing the owner from an instant on: what will happen is said before it is done. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type ResourceDetail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { Choice, SelectField, TextArea, TextField } from '../kit/field.tsx'
import { fromLocalInput, toLocalInput } from '../kit/instant.ts'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { ProblemNote } from './load.tsx'

/** Who gave it, where its source is of an account: nobody decided that of this resource. */
const SOURCE = 'source'
const SHOWN = ['/account_id', '/project_id', '/effective_at', '/reason']

export function TransferDialog(props: { resource: ResourceDetail; onClose: () => void }) {
  const client = useQueryClient()
  const accounts = useQuery(() => queries.accounts())
  const history = useQuery(() => queries.history(props.resource.id))
  const [fields, setFields] = createStore({
    account: '',
    project: '',
    when: 'now' as 'now' | 'instant',
    instant: toLocalInput(Date.now()),
    reason: '',
  })
  const list = () => (accounts.status === 'success' ? (accounts.data?.items ?? []) : [])
  const others = () => list().filter((one) => one.id !== props.resource.owner?.account_id)
  const accountId = () => fields.account || others()[0]?.id || ''
  const account = () => list().find((one) => one.id === accountId())
  const at = () => (fields.when === 'now' ? undefined : fromLocalInput(fields.instant))
  const lastTransfer = () =>
    (history.status === 'success' ? (history.data?.assigned ?? []) : []).reduce(
      (last, one) => ((one.from ?? '') > last ? (one.from ?? '') : last),
      '',
    )
  const isCorrection = () => {
    const instant = at()
    return typeof instant === 'string' && lastTransfer() !== '' && instant < lastTransfer()
  }
  const isDecided = () => {
    const now = (history.status === 'success' ? (history.data?.assigned ?? []) : []).find(({ to }) => to === null)
    return now !== undefined && now.by_rule === null && now.actor !== SOURCE
  }
  const withdrawal = createSubmit({
    run: () => api.withdrawTransfers(props.resource.id),
    onDone: () => {
      tell(t('owners.withdrawn', { name: props.resource.name }), 'ok', t('common.close'))
      for (const key of ['resource', 'resources', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  const isReady = () => accountId() !== '' && at() !== null && (!isCorrection() || fields.reason.trim() !== '')
  const form = createSubmit({
    run: () =>
      api.transfer(props.resource.id, {
        account_id: accountId(),
        project_id: fields.project || null,
        effective_at: at() ?? undefined,
        reason: fields.reason.trim(),
      }),
    onDone: () => {
      tell(t('transfer.done', { name: props.resource.name, account: account()?.name ?? '' }), 'ok', t('common.close'))
      for (const key of ['resource', 'resources', 'drafts', 'notices'])
        void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  const preview = () =>
    t('transfer.preview', {
      at: fields.when === 'now' ? t('common.now') : say.instant(at() ?? Date.now()),
      to: account()?.name ?? '',
      from: props.resource.owner?.account_name ?? t('common.nobody'),
    })
  return (
    <FormDialog
      title={t('transfer.title', { name: props.resource.name })}
      lead={t('transfer.lead')}
      form={form}
      shown={SHOWN}
      ready={isReady()}
      button={t('transfer.button')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <Show when={isDecided()}>
        <div>
          <Button busy={withdrawal.busy()} onClick={() => void withdrawal.submit(undefined)}>
            {t('owners.withdraw')}
          </Button>
        </div>
        <Show when={withdrawal.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </Show>
      <Show when={others().length > 0} fallback={<p class="m-0 text-muted">{t('transfer.no_accounts')}</p>}>
        <SelectField
          label={t('transfer.account')}
          value={accountId()}
          options={others().map((one) => ({ value: one.id, label: one.name }))}
          error={form.fieldError('/account_id')}
          onChange={(value) => setFields({ account: value, project: '' })}
        />
        <Show when={account()?.projects.length}>
          <SelectField
            label={t('transfer.project')}
            value={fields.project}
            options={[
              { value: '', label: t('transfer.no_project') },
              ...(account()?.projects ?? []).map((one) => ({ value: one.id, label: one.name })),
            ]}
            error={form.fieldError('/project_id')}
            onChange={(value) => setFields('project', value)}
          />
        </Show>
        <Choice
          legend={t('transfer.when')}
          value={fields.when}
          choices={[
            { value: 'now', label: t('transfer.at_once') },
            { value: 'instant', label: t('transfer.at_instant') },
          ]}
          onChange={(when) => setFields('when', when)}
        />
        <Show when={fields.when === 'instant'}>
          <TextField
            label={t('transfer.at_instant')}
            hideLabel
            type="datetime-local"
            value={fields.instant}
            error={form.fieldError('/effective_at')}
            onInput={(event) => setFields('instant', event.currentTarget.value)}
          />
        </Show>
        <TextArea
          label={t('common.reason')}
          hint={t('transfer.reason_hint')}
          optional={isCorrection() ? undefined : t('common.optional')}
          rows={2}
          maxlength={500}
          value={fields.reason}
          error={form.fieldError('/reason')}
          onInput={(event) => setFields('reason', event.currentTarget.value)}
        />
        <div class="rounded-lg border border-line bg-sunken px-3.5 py-3 text-sm" aria-live="polite">
          <p class="m-0">{preview()}</p>
          <Show when={isCorrection()}>
            <p class="m-0 mt-1 text-warn">{t('transfer.correction')}</p>
          </Show>
        </div>
      </Show>
    </FormDialog>
  )
}
