/** Adding a source or changing its settings: which agent reads what, with a form built from the connector's manifest, tried before it is saved. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createEffect, createMemo, createSignal, on, Show } from 'solid-js'
import { createStore, reconcile } from 'solid-js/store'
import { type AgentConnector, api, type NewSource, type Source, type SourceCheck } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { failureText } from './notice-text.ts'
import { fieldsOf, initialTyped, isFilled, type Schema, settingsOf, type Typed, typedOf } from './schema.ts'
import { SchemaForm } from './schema-form.tsx'
import { Checking, CheckResult } from './source-check.tsx'

interface Props {
  /** the one whose settings change; absent: a new one */
  source?: Source
  onClose: () => void
}
interface FormState {
  busy: boolean
  checking: boolean
  ready: boolean
  check: () => void
}

export function SourceDialog(props: Props) {
  const query = useQuery(() => queries.connectors())
  const [state, setState] = createSignal<FormState>({ busy: false, checking: false, ready: false, check: () => {} })
  const isHosted = ({ name, agents }: AgentConnector) =>
    props.source === undefined ? agents.length > 0 : name === props.source.connector
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.source ? t('sources.change') : t('sources.add')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button busy={state().checking} disabled={!state().ready || state().busy} onClick={() => state().check()}>
            {t('sources.check')}
          </Button>
          <Button type="submit" form="source-form" variant="primary" busy={state().busy} disabled={!state().ready}>
            {props.source ? t('common.save') : t('common.add')}
          </Button>
        </>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show when={data().items.some(isHosted)} fallback={<p class="m-0 text-muted">{t('sources.no_connector')}</p>}>
            <SourceForm connectors={data().items} source={props.source} onState={setState} onDone={props.onClose} />
          </Show>
        )}
      </Load>
    </Dialog>
  )
}

interface FormProps {
  connectors: readonly AgentConnector[]
  source: Source | undefined
  onState: (state: FormState) => void
  onDone: () => void
}

const SHOWN = ['/agent', '/connector', '/realm', '/interval_ms', '/account_id']

function SourceForm(props: FormProps) {
  const client = useQueryClient()
  const accounts = useQuery(() => queries.accounts())
  const [connectorName, setConnectorName] = createSignal(
    props.source?.connector ?? props.connectors.find((one) => one.agents.length > 0)?.name ?? '',
  )
  const connector = () => props.connectors.find((one) => one.name === connectorName())
  const [plain, setPlain] = createStore({ agent: '', realm: '', interval_s: '', account: '' })
  const [typed, setTyped] = createStore<Typed>({})
  const [result, setResult] = createSignal<SourceCheck>()
  const fields = createMemo(() => {
    const chosen = connector()
    return chosen ? fieldsOf(chosen.settings, chosen.secrets) : []
  })
  createEffect(
    on(connector, (chosen) => {
      const { source } = props
      setTyped(reconcile(source ? typedOf(fields(), source.settings as Schema) : initialTyped(fields())))
      setPlain({
        agent: source?.agent_id ?? chosen?.agents[0]?.id ?? '',
        realm: source?.realm ?? plain.realm,
        interval_s: String((source?.interval_ms ?? chosen?.default_interval_ms ?? 0) / 1000),
        account: source?.account_id ?? plain.account,
      })
      setResult(undefined)
    }),
  )
  const interval_ms = () => Math.round(Number(plain.interval_s) * 1000) || undefined
  const body = (): NewSource => ({
    agent: plain.agent,
    connector: connectorName(),
    realm: plain.realm.trim(),
    settings: settingsOf(fields(), typed),
    interval_ms: interval_ms(),
    account_id: plain.account || null,
  })
  const form = createSubmit({
    run: ({ settings, interval_ms: every, account_id, ...rest }: NewSource) =>
      props.source
        ? api.changeSource(props.source.id, { settings, interval_ms: every, account_id })
        : api.addSource({ ...rest, settings, interval_ms: every, account_id }),
    onDone: () => {
      tell(t(props.source ? 'sources.changed_done' : 'sources.added'), 'ok', t('common.close'))
      for (const key of ['sources', 'audit']) void client.invalidateQueries({ queryKey: [key] })
      props.onDone()
    },
  })
  const trial = createSubmit({
    run: ({ account_id: _account, ...rest }: NewSource) => api.checkSource({ ...rest, source_id: props.source?.id }),
    onDone: setResult,
  })
  const check = () => {
    setResult(undefined)
    form.reset()
    void trial.submit(body())
  }
  /** what was said of the settings before is no longer about them */
  const changed = () => {
    setResult(undefined)
    trial.reset()
  }
  const blamed = (pointer: string) => {
    const error = result()?.error
    return error?.pointer === pointer ? failureText(error).message : undefined
  }
  const errorAt = (pointer: string) => form.fieldError(pointer) ?? trial.fieldError(pointer) ?? blamed(pointer)
  const rowPointers = (name: string) => Array.from({ length: 32 }, (_, index) => `/settings/${name}/${index}`)
  const shown = () => [
    ...SHOWN,
    ...fields().flatMap(({ name, kind }) => [`/settings/${name}`, ...(kind === 'lines' ? rowPointers(name) : [])]),
  ]
  const isReady = () => plain.agent !== '' && plain.realm.trim() !== '' && isFilled(fields(), typed)
  createEffect(() => props.onState({ busy: form.busy(), checking: trial.busy(), ready: isReady(), check }))

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
        disabled={props.source !== undefined}
        options={props.connectors.map((one) => ({
          value: one.name,
          label: one.title,
          disabled: one.agents.length === 0,
        }))}
        error={errorAt('/connector')}
        onChange={setConnectorName}
      />
      <SelectField
        label={t('sources.choose_agent')}
        value={plain.agent}
        disabled={props.source !== undefined}
        options={agentOptions(connector(), props.source)}
        error={errorAt('/agent')}
        onChange={(value) => {
          changed()
          setPlain('agent', value)
        }}
      />
      <TextField
        label={t('sources.realm')}
        required
        maxlength={256}
        class="sm:col-span-2"
        hint={connector()?.realm}
        disabled={props.source !== undefined}
        value={plain.realm}
        error={errorAt('/realm')}
        onInput={(event) => setPlain('realm', event.currentTarget.value)}
      />
      <Show when={fields().length > 0}>
        <fieldset class="flex min-w-0 flex-col gap-4 rounded-xl border border-line px-4 pt-2 pb-4 sm:col-span-2">
          <legend class="px-1.5 text-[0.8125rem] font-medium text-muted">{t('sources.settings')}</legend>
          <SchemaForm
            fields={fields()}
            typed={typed}
            isStored={props.source !== undefined}
            onType={(name, value) => {
              changed()
              setTyped(name, value)
            }}
            errorAt={(name) => errorAt(`/settings/${name}`)}
          />
          <Show when={connector()?.permissions}>
            {(text) => (
              <p class="m-0 text-[0.8125rem] break-words text-muted">
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
        error={errorAt('/account_id')}
        onChange={(value) => setPlain('account', value)}
      />
      <TextField
        label={t('sources.interval_s')}
        type="number"
        min={1}
        max={86_400}
        value={plain.interval_s}
        error={errorAt('/interval_ms')}
        onInput={(event) => setPlain('interval_s', event.currentTarget.value)}
      />
      <div class="sm:col-span-2 empty:hidden" ref={keepInSight(() => trial.busy() || result() !== undefined)}>
        <Show when={trial.busy()}>
          <Checking />
        </Show>
        <Show when={result()}>{(seen) => <CheckResult check={seen()} />}</Show>
        <Show when={form.restError(shown()) ?? trial.restError(shown())}>
          {(problem) => <ProblemNote error={problem()} />}
        </Show>
      </div>
    </form>
  )
}

/** What was asked for stands at the end of a long form. */
const keepInSight = (isThere: () => boolean) => (element: HTMLElement) =>
  createEffect(() => {
    if (isThere()) queueMicrotask(() => element.scrollIntoView({ block: 'nearest' }))
  })

function agentOptions(connector: AgentConnector | undefined, source: Source | undefined) {
  const offered = (connector?.agents ?? []).map((one) => ({ value: one.id, label: one.name }))
  if (!source || offered.some(({ value }) => value === source.agent_id)) return offered
  return [...offered, { value: source.agent_id, label: source.agent_name }]
}
