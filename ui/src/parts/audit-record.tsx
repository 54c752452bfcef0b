/** One record of the audit: who did what to which object, and which fields it changed. */
import { A } from '@solidjs/router'
import LockKeyhole from 'lucide-solid/icons/lock-keyhole'
import type { JSX } from 'solid-js'
import { createMemo, For, Show } from 'solid-js'
import type { AuditRecord } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { paths } from '../paths.ts'
import { changesOf } from './changes.ts'
import { nameText } from './person-name.ts'

export const AuditRecords = (props: { records: readonly AuditRecord[]; withSubject?: boolean }) => (
  <ol class="m-0 list-none p-0">
    <For each={props.records}>{(record) => <Entry record={record} withSubject={props.withSubject} />}</For>
  </ol>
)

function Entry(props: { record: AuditRecord; withSubject?: boolean | undefined }) {
  const changes = createMemo(() => changesOf(props.record.before, props.record.after))
  return (
    <li class="border-b border-line px-4 py-2.5 text-sm last:border-0">
      <div class="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
        <code class="font-mono text-xs">{props.record.type}</code>
        <span class="min-w-0 break-words">
          {t(props.record.actor.as ? 'overview.by_as_customer' : 'overview.by', {
            actor: nameText(props.record.actor.name),
          })}
        </span>
        <span class="ml-auto inline-flex items-center gap-1.5 text-[0.8125rem] text-muted">
          <time
            class="tabular"
            datetime={props.record.occurred_at}
            title={say.preciseInstant(props.record.occurred_at)}
          >
            {say.instant(props.record.occurred_at)}
          </time>
          <Seal sealed={props.record.sealed} />
        </span>
      </div>
      <Show when={props.withSubject}>
        <Subject record={props.record} />
      </Show>
      <details class="mt-0.5 text-[0.8125rem]">
        <summary class="w-fit rounded text-muted hover:text-text">
          {changes().length ? t('audit.fields', changes().length) : t('audit.record')}
        </summary>
        <Fields record={props.record} changes={changes()} />
      </details>
    </li>
  )
}

const Seal = (props: { sealed: boolean }) => (
  <span
    role="img"
    aria-label={props.sealed ? t('audit.sealed') : t('audit.unsealed')}
    title={props.sealed ? t('audit.sealed') : t('audit.unsealed')}
    class={`inline-flex ${props.sealed ? 'text-ok' : 'text-faint opacity-50'}`}
  >
    <LockKeyhole size={13} />
  </span>
)

/** The object, and its page where it has one. */
function Subject(props: { record: AuditRecord }) {
  const subject = () => props.record.subject
  const href = () => {
    if (subject().kind === 'resource') return paths.resource(subject().id)
    if (subject().kind === 'source') return paths.source(subject().id)
    if (subject().kind === 'invoice') return paths.invoice(subject().id)
    return paths.audit({ subject_kind: subject().kind, subject_id: subject().id })
  }
  return (
    <p class="m-0 text-[0.8125rem] text-muted">
      {subject().kind}{' '}
      <A href={href()} class="rounded font-mono text-xs break-all hover:text-accent-text">
        {subject().id}
      </A>
    </p>
  )
}

const Cell = (props: { label: string; text: string | undefined; old?: boolean }) => (
  // on a narrow screen, where the sides stand below each other, a side without the field takes no line
  <dd class={`m-0 min-w-0 break-words whitespace-pre-wrap ${props.text === undefined ? 'max-sm:hidden' : ''}`}>
    <span class="sr-only">{props.label}: </span>
    <Show when={props.text !== undefined} fallback={<span class="text-faint">{t('audit.absent')}</span>}>
      <span class={props.old ? 'text-muted line-through decoration-1' : ''}>{nameText(props.text ?? '')}</span>
    </Show>
  </dd>
)

const Fact = (props: { name: string; children: JSX.Element }) => (
  <>
    <dt class="text-muted max-sm:mt-1.5">{props.name}</dt>
    <dd class="m-0 min-w-0 font-mono text-xs leading-5 break-all sm:col-span-2">{props.children}</dd>
  </>
)

const GRID = 'm-0 grid grid-cols-1 gap-x-4 gap-y-1 sm:grid-cols-[minmax(7rem,auto)_minmax(0,1fr)_minmax(0,1fr)]'

const Fields = (props: { record: AuditRecord; changes: ReturnType<typeof changesOf> }) => (
  <div class="mt-2 rounded-lg border border-line bg-sunken p-3">
    <dl class={GRID}>
      <For each={props.changes}>
        {(change) => (
          <>
            <dt class="font-mono text-xs leading-5 break-all text-muted max-sm:mt-1.5 max-sm:first:mt-0">
              {change.field}
            </dt>
            <Cell label={t('audit.before')} text={change.before} old />
            <Cell label={t('audit.after')} text={change.after} />
          </>
        )}
      </For>
      <Fact name={t('audit.request')}>{props.record.request_id}</Fact>
      <Fact name={t('audit.record')}>
        {props.record.number === null ? '–' : `#${props.record.number}`} · {props.record.id}
      </Fact>
    </dl>
  </div>
)
