/** The two timelines of a resource, never mixed: what its sources saw, and who owned it. */
import type { JSX } from 'solid-js'
import { createMemo, For, Show } from 'solid-js'
import type { History } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { nameText } from './person-name.ts'
import { byRuleText } from './rule-text.ts'

type Observed = History['observed'][number]
type Entry = { at: string; version: Observed } | { at: string; gap: { from: string; to: string } }

const newestFirst = (a: { at: string }, b: { at: string }) => b.at.localeCompare(a.at)

/** Who gave it, where its source is of an account: nobody decided that of this resource. */
const SOURCE = 'source'
type Assigned = History['assigned'][number]
const isDecided = (one: Assigned): one is Assigned & { from: string } =>
  one.from !== null && one.to === null && one.by_rule === null && one.actor !== SOURCE

/** `onTakeBack`: of the decision of a person that holds now, by who may. */
export function ResourceHistory(props: { history: History; onTakeBack?: ((from: string) => void) | undefined }) {
  const observed = createMemo((): Entry[] =>
    [
      ...props.history.observed.map((version) => ({ at: version.from, version })),
      ...props.history.unobserved.map((gap) => ({ at: gap.from, gap })),
    ].toSorted(newestFirst),
  )
  const assigned = createMemo(() =>
    props.history.assigned.toSorted((a, b) => (b.from ?? '').localeCompare(a.from ?? '')),
  )
  return (
    <div class="grid gap-x-8 gap-y-6 p-4 lg:grid-cols-2">
      <Timeline title={t('resource.observed')}>
        <For each={observed()}>
          {(entry) => ('version' in entry ? <Version version={entry.version} /> : <Gap gap={entry.gap} />)}
        </For>
      </Timeline>
      <Timeline title={t('resource.assigned')}>
        <For each={assigned()}>
          {(one) => (
            <Point tone="accent">
              <p class="m-0">
                <span class="font-medium">{one.account_name}</span>
                <Show when={one.project_name}>
                  <span class="text-muted"> · {one.project_name}</span>
                </Show>
              </p>
              <Span from={one.from} to={one.to} />
              <p class="m-0 text-[0.8125rem] text-muted">
                {one.by_rule ? byRuleText(one.by_rule) : t('overview.by', { actor: nameText(one.actor) })}
                <Show when={one.reason}> · {one.reason}</Show>
              </p>
              <Show when={isDecided(one) ? one : undefined}>
                {(decided) => (
                  <Show when={props.onTakeBack}>
                    {(takeBack) => (
                      <Button size="small" class="mt-1.5" onClick={() => takeBack()(decided().from)}>
                        {t('adopt.take_back')}
                      </Button>
                    )}
                  </Show>
                )}
              </Show>
            </Point>
          )}
        </For>
        <Show when={assigned().length === 0}>
          <Point tone="idle">
            <p class="m-0 text-muted">{t('common.nobody')}</p>
          </Point>
        </Show>
      </Timeline>
    </div>
  )
}

const Timeline = (props: { title: string; children: JSX.Element }) => (
  <section class="min-w-0">
    <h3 class="mb-3 text-[0.8125rem] font-medium text-muted">{props.title}</h3>
    <ol class="m-0 ml-1 list-none border-l border-line p-0 pl-5">{props.children}</ol>
  </section>
)

const DOTS = { ok: 'bg-ok-mark', accent: 'bg-accent', idle: 'bg-idle-mark' } as const
const Point = (props: { tone: keyof typeof DOTS; children: JSX.Element }) => (
  <li class="relative pb-5 last:pb-0">
    <span
      aria-hidden="true"
      class={`absolute top-1.5 -left-[1.59rem] size-2.5 rounded-full outline-2 outline-surface ${DOTS[props.tone]}`}
    />
    {props.children}
  </li>
)

const Span = (props: { from: string | null; to: string | null }) => (
  <p class="tabular m-0 text-[0.8125rem] text-muted">
    <span title={props.from ? say.preciseInstant(props.from) : undefined}>
      {props.from ? say.instant(props.from) : t('resource.since_ever')}
    </span>
    {' → '}
    <span title={props.to ? say.preciseInstant(props.to) : undefined}>
      {props.to ? say.instant(props.to) : t('resource.until_now')}
    </span>
  </p>
)

export function sizeText(size: Observed['size']): string {
  return [
    size.vcpu_count === undefined ? '' : `${say.decimal(size.vcpu_count)} vCPU`,
    size.memory_bytes === undefined ? '' : say.bytes(size.memory_bytes),
    size.disk_bytes === undefined ? '' : `${t('resources.disk')} ${say.bytes(size.disk_bytes)}`,
    size.ip_count === undefined ? '' : `${say.decimal(size.ip_count)} IP`,
  ]
    .filter(Boolean)
    .join(' · ')
}

const Version = (props: { version: Observed }) => (
  <Point tone={props.version.state === 'running' ? 'ok' : 'idle'}>
    <p class="tabular m-0 flex flex-wrap items-center gap-x-3 gap-y-0.5">
      <span class="font-medium">{t(`state.${props.version.state}`)}</span>
      <span>{sizeText(props.version.size)}</span>
      <Show when={props.version.host_name}>
        <span class="text-muted">@ {props.version.host_name}</span>
      </Show>
      <Show when={props.version.conflict}>
        <Badge tone="warn">{t('resources.conflict')}</Badge>
      </Show>
    </p>
    <Span from={props.version.from} to={props.version.to} />
    <p class="m-0 text-[0.8125rem] text-muted">
      {props.version.from_exact ? t('resource.exact') : t('resource.listed')}
    </p>
  </Point>
)

const Gap = (props: { gap: { from: string; to: string } }) => (
  <Point tone="idle">
    <p class="m-0 text-muted">
      {t('resource.unobserved')} · {say.duration(Date.parse(props.gap.to) - Date.parse(props.gap.from))}
    </p>
    <Span from={props.gap.from} to={props.gap.to} />
  </Point>
)
