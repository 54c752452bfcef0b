/** Adding a source: which agent reads what, with a form built from the connector's manifest. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createEffect, createMemo, createSignal, on, Show } from 'solid-js'
import { createStore, reconcile } from 'solid-js/store'
import { type AgentConnector, api, type NewSource } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { fieldsOf, initialTyped, isFilled, settingsOf, type Typed } from './schema.ts'
import { SchemaForm } from './schema-form.tsx'

interface Props {
  onClose: () => void
}

export function SourceDialog(props: Props) {
  const query = useQuery(() => queries.connectors())
  const [state, setState] = createSignal({ busy: false, ready: false })
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('sources.add')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="source-form" variant="primary" busy={state().busy} disabled={!state().ready}>
            {t('common.add')}
          </Button>
        </>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.some((one) => one.agents.length > 0)}
            fallback={<p class="m-0 text-muted">{t('sources.no_connector')}</p>}
          >
            <SourceForm connectors={data().items} onState={setState} onDone={props.onClose} />
          </Show>
        )}
      </Load>
    </Dialog>
  )
}

interface FormProps {
  connectors: readonly AgentConnector[]
  onState: (state: { busy: boolean; ready: boolean }) => void
  onDone: () => void
}

const SHOWN = ['/agent', '/connector', '/realm', '/interval_ms', '/account_id']

function SourceForm(props: FormProps) {
  const client = useQueryClient()
  const accounts = useQuery(() => queries.accounts())
  const [connectorName, setConnectorName] = createSignal(
    props.connectors.find((one) => one.agents.length > 0)?.name ?? '',
  )
  const connector = () => props.connectors.find((one) => one.name === connectorName())
  const [plain, setPlain] = createStore({ agent: '', realm: '', interval_s: '', account: '' })
  const [typed, setTyped] = createStore<Typed>({})
  const fields = createMemo(() => {
    const chosen = connector()
    return chosen ? fieldsOf(chosen.settings, chosen.secrets) : []
  })
  createEffect(
    on(connector, (chosen) => {
      setTyped(reconcile(initialTyped(fields())))
      setPlain({
        agent: chosen?.agents[0]?.id ?? '',
        interval_s: chosen ? String(chosen.default_interval_ms / 1000) : '',
      })
    }),
  )
  const body = (): NewSource => ({
    agent: plain.agent,
    connector: connectorName(),
    realm: plain.realm.trim(),
    settings: settingsOf(fields(), typed),
    interval_ms: Math.round(Number(plain.interval_s) * 1000) || undefined,
    account_id: plain.account || null,
  })
  const form = createSubmit({
    run: (input: NewSource) => api.addSource(input),
    onDone: () => {
      tell(t('sources.added'), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['sources'] })
      props.onDone()
    },
  })
  const settingError = (name: string) => form.fieldError(`/settings/${name}`) ?? form.fieldError(`/settings/${name}/0`)
  const shown = () => [...SHOWN, ...fields().flatMap((one) => [`/settings/${one.name}`, `/settings/${one.name}/0`])]
  const isReady = () => plain.agent !== '' && plain.realm.trim() !== '' && isFilled(fields(), typed)
  createEffect(() => props.onState({ busy: form.busy(), ready: isReady() }))

  return (
    <form
      id="source-form"
      class="grid gap-4 sm:grid-cols-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady()) void form.submit(body())
      }}
    >
      <SelectField
        label={t('sources.choose_connector')}
        value={connectorName()}
        hint={connector()?.description}
        options={props.connectors.map((one) => ({
          value: one.name,
          label: one.title,
          disabled: one.agents.length === 0,
        }))}
        error={form.fieldError('/connector')}
        onChange={setConnectorName}
      />
      <SelectField
        label={t('sources.choose_agent')}
        value={plain.agent}
        options={(connector()?.agents ?? []).map((one) => ({ value: one.id, label: one.name }))}
        error={form.fieldError('/agent')}
        onChange={(value) => setPlain('agent', value)}
      />
      <TextField
        label={t('sources.realm')}
        required
        maxlength={256}
        class="sm:col-span-2"
        hint={connector()?.realm}
        value={plain.realm}
        error={form.fieldError('/realm')}
        onInput={(event) => setPlain('realm', event.currentTarget.value)}
      />
      <Show when={fields().length > 0}>
        <fieldset class="flex min-w-0 flex-col gap-4 rounded-xl border border-line px-4 pt-2 pb-4 sm:col-span-2">
          <legend class="px-1.5 text-[0.8125rem] font-medium text-muted">{t('sources.settings')}</legend>
          <SchemaForm
            fields={fields()}
            typed={typed}
            onType={(name, value) => setTyped(name, value)}
            errorAt={settingError}
          />
          <Show when={connector()?.permissions}>
            {(text) => (
              <p class="m-0 text-[0.8125rem] text-muted">
                <span class="font-medium">{t('sources.permissions')}:</span> {text()}
              </p>
            )}
          </Show>
        </fieldset>
      </Show>
      <SelectField
        label={t('sources.owner')}
        value={plain.account}
        options={[
          { value: '', label: t('sources.no_owner') },
          ...(accounts.status === 'success' ? (accounts.data?.items ?? []) : []).map((one) => ({
            value: one.id,
            label: one.name,
          })),
        ]}
        error={form.fieldError('/account_id')}
        onChange={(value) => setPlain('account', value)}
      />
      <TextField
        label={t('sources.interval_s')}
        type="number"
        min={1}
        max={86_400}
        value={plain.interval_s}
        error={form.fieldError('/interval_ms')}
        onInput={(event) => setPlain('interval_s', event.currentTarget.value)}
      />
      <Show when={form.restError(shown())}>
        {(problem) => (
          <div class="sm:col-span-2">
            <ProblemNote error={problem()} />
          </div>
        )}
      </Show>
    </form>
  )
}
