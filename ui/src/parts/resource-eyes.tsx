/** The eyes on one machine: which of them is billed and why, and a person's word where evidence says too little or too much. */
import { A } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, For, type JSX, Show } from 'solid-js'
import { api, type Resource, type ResourceDetail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextArea, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { nameText } from './person-name.ts'

type Eye = Resource['same_as'][number]
const MACHINES: ReadonlySet<Resource['kind']> = new Set(['vm', 'host', 'container', 'node'])
export const isMachine = (resource: Resource) => MACHINES.has(resource.kind)

/** What the page says on top where nothing is billed here. */
export const CoveredNote = (props: { resource: ResourceDetail }) => (
  <Show when={props.resource.covered_by}>
    {(billed) => (
      <p role="status" class="m-0 rounded-xl border border-line bg-sunken px-4 py-3 text-sm">
        <A href={paths.resource(billed().id)} class="text-link">
          {t('resource.covered', { name: billed().name })}
        </A>
      </p>
    )}
  </Show>
)

export function ResourceEyes(props: { resource: ResourceDetail }) {
  const [joining, setJoining] = createSignal(false)
  const [parting, setParting] = createSignal<Eye>()
  const here = (): Eye => {
    const { id, kind, name, sources, covered_by } = props.resource
    const source = sources[0] ?? { id: '', connector: '', agent_name: '' }
    return { id, kind, name, source, evidence: covered_by?.evidence ?? null }
  }
  const all = () =>
    [here(), ...props.resource.same_as].toSorted((a, b) => Number(a.evidence !== null) - Number(b.evidence !== null))
  return (
    <div class="flex flex-col gap-3 p-4 text-sm">
      <Show when={props.resource.same_as.length > 0} fallback={<p class="m-0 text-muted">{t('resource.eyes_none')}</p>}>
        <p class="m-0 text-muted">{t('resource.eyes_why')}</p>
        <ul class="m-0 list-none p-0">
          <For each={all()}>
            {(eye) => <EyeRow eye={eye} here={eye.id === props.resource.id} onPart={() => setParting(eye)} />}
          </For>
        </ul>
      </Show>
      <Said resource={props.resource} />
      <div>
        <Button size="small" onClick={() => setJoining(true)}>
          {t('resource.eyes_join')}
        </Button>
      </div>
      <Show when={joining()}>
        <JoinDialog resource={props.resource} onClose={() => setJoining(false)} />
      </Show>
      <Show when={parting()}>
        {(eye) => <PartDialog resource={props.resource} other={eye()} onClose={() => setParting(undefined)} />}
      </Show>
    </div>
  )
}

const EyeRow = (props: { eye: Eye; here: boolean; onPart: () => void }) => (
  <li class="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line py-2 last:border-0">
    <span class="min-w-0">
      <span class="flex flex-wrap items-center gap-2">
        <Show when={!props.here} fallback={<span class="font-medium">{props.eye.name}</span>}>
          <A href={paths.resource(props.eye.id)} class="link font-medium">
            {props.eye.name}
          </A>
        </Show>
        <Badge tone={props.eye.evidence === null ? 'accent' : 'idle'}>
          {props.eye.evidence === null ? t('resource.eyes_billed') : t('resource.eyes_covered')}
        </Badge>
        <Show when={props.here}>
          <span class="text-muted">{t('resource.eyes_here')}</span>
        </Show>
      </span>
      <span class="block text-[0.8125rem] text-muted">
        {t(`kind.${props.eye.kind}`)} · {props.eye.source.connector} · {props.eye.source.agent_name}
        <Show when={props.eye.evidence}>{(by) => <> · {t(`resource.eyes_by.${by()}`)}</>}</Show>
      </span>
    </span>
    <Show when={!props.here}>
      <Button size="small" variant="ghost" onClick={() => props.onPart()}>
        {t('resource.eyes_split')}
      </Button>
    </Show>
  </li>
)

const refresh = (client: ReturnType<typeof useQueryClient>) => {
  for (const key of ['resource', 'resources', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
}

/** What people said, and a way to take it back. */
function Said(props: { resource: ResourceDetail }) {
  const client = useQueryClient()
  const undo = createSubmit({
    run: (other: string) => api.withdrawSameAs(props.resource.id, other),
    onDone: () => {
      tell(t('resource.eyes_done'), 'ok', t('common.close'))
      refresh(client)
    },
  })
  return (
    <>
      <For each={props.resource.same_as_decisions}>
        {(one) => {
          const other = one.a_id === props.resource.id ? one.b_id : one.a_id
          const name = () => props.resource.same_as.find((eye) => eye.id === other)?.name ?? other
          const words = () => ({ actor: nameText(one.actor), other: name(), reason: one.reason })
          return (
            <p class="m-0 flex flex-wrap items-center gap-x-3 text-[0.8125rem]">
              <span class="min-w-0 break-words">
                {one.same ? t('resource.eyes_said_same', words()) : t('resource.eyes_said_two', words())}
              </span>
              <Button size="small" variant="ghost" busy={undo.busy()} onClick={() => void undo.submit(other)}>
                {t('resource.eyes_undo')}
              </Button>
            </p>
          )
        }}
      </For>
      <Show when={undo.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
    </>
  )
}

interface ReasonProps {
  title: string
  text: string
  button: string
  /** null: not chosen yet */
  other: string | null
  same: boolean
  resource: ResourceDetail
  children?: JSX.Element
  onClose: () => void
}
function ReasonDialog(props: ReasonProps) {
  const client = useQueryClient()
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: (other: string) => api.sameAs(props.resource.id, { resource_id: other, same: props.same, reason: reason() }),
    onDone: () => {
      tell(t('resource.eyes_done'), 'ok', t('common.close'))
      refresh(client)
      props.onClose()
    },
  })
  const isReady = () => props.other !== null && reason().trim() !== ''
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.title}
      lead={props.text}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="eyes-form" variant="primary" busy={form.busy()} disabled={!isReady()}>
            {props.button}
          </Button>
        </>
      }
    >
      <form
        id="eyes-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady() && props.other !== null) void form.submit(props.other)
        }}
      >
        {props.children}
        <TextArea
          label={t('common.reason')}
          rows={2}
          maxlength={500}
          required
          value={reason()}
          error={form.fieldError('/reason')}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        <Show when={form.restError(['/reason'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
  )
}

const PartDialog = (props: { resource: ResourceDetail; other: Eye; onClose: () => void }) => (
  <ReasonDialog
    title={t('resource.eyes_split_title', { name: props.resource.name, other: props.other.name })}
    text={t('resource.eyes_split_text')}
    button={t('resource.eyes_split')}
    other={props.other.id}
    same={false}
    resource={props.resource}
    onClose={props.onClose}
  />
)

function JoinDialog(props: { resource: ResourceDetail; onClose: () => void }) {
  const [text, setText] = createSignal('')
  const [chosen, setChosen] = createSignal<string | null>(null)
  const query = useQuery(() => queries.foundMachines(text().trim()))
  const found = () =>
    (query.status === 'success' ? (query.data?.items ?? []) : []).filter((one) => one.realm !== props.resource.realm)
  return (
    <ReasonDialog
      title={t('resource.eyes_join_title', { name: props.resource.name })}
      text={t('resource.eyes_join_text')}
      button={t('resource.eyes_join')}
      other={chosen()}
      same
      resource={props.resource}
      onClose={props.onClose}
    >
      <TextField
        label={t('resource.eyes_search')}
        type="search"
        autofocus
        value={text()}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <fieldset class="m-0 flex max-h-56 flex-col gap-1 overflow-y-auto rounded-lg border border-line p-2">
        <legend class="sr-only">{t('resource.eyes_search')}</legend>
        <For each={found()} fallback={<p class="m-0 px-2 text-muted">{t('resource.eyes_none_found')}</p>}>
          {(one) => (
            <label class="flex cursor-pointer items-start gap-2.5 rounded-md px-2 py-1.5 hover:bg-hover">
              <input
                type="radio"
                name="other-eye"
                class="mt-1 accent-(--accent)"
                checked={chosen() === one.id}
                onChange={() => setChosen(one.id)}
              />
              <span class="min-w-0">
                <span class="block truncate">{one.name}</span>
                <span class="block truncate text-[0.8125rem] text-muted">
                  {t(`kind.${one.kind}`)} · {one.realm}
                </span>
              </span>
            </label>
          )}
        </For>
      </fieldset>
    </ReasonDialog>
  )
}
