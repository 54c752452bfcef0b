/** Empty and error states: what this is, one main button, a line to copy. */
import type { JSX } from 'solid-js'
import { Show } from 'solid-js'

interface EmptyProps {
  icon: JSX.Element
  title: string
  text: string
  action?: JSX.Element
  children?: JSX.Element
}

export const EmptyState = (props: EmptyProps) => (
  <div class="flex flex-col items-center gap-1 px-6 py-12 text-center">
    <span class="mb-3 inline-flex size-11 items-center justify-center rounded-xl border border-line bg-sunken text-muted">
      {props.icon}
    </span>
    <p class="m-0 text-[0.9375rem] font-semibold">{props.title}</p>
    <p class="m-0 max-w-md text-sm text-muted text-pretty">{props.text}</p>
    <Show when={props.action}>
      <div class="mt-4 flex flex-wrap justify-center gap-2">{props.action}</div>
    </Show>
    <Show when={props.children}>
      <div class="mt-4 w-full max-w-xl">{props.children}</div>
    </Show>
  </div>
)

interface FailureProps {
  title: string
  detail: string
  remedy: string
  requestId?: string
  action?: JSX.Element
}

export const Failure = (props: FailureProps) => (
  <div
    role="alert"
    class="flex flex-col items-start gap-1 rounded-xl border border-bad-mark/40 bg-bad-soft px-4 py-3.5 text-sm"
  >
    <p class="font-semibold text-bad">{props.title}</p>
    <Show when={props.detail}>
      <p class="break-words text-text">{props.detail}</p>
    </Show>
    <Show when={props.remedy}>
      <p class="text-muted">{props.remedy}</p>
    </Show>
    <Show when={props.requestId}>
      <p class="font-mono text-xs text-muted">{props.requestId}</p>
    </Show>
    <Show when={props.action}>
      <div class="mt-2">{props.action}</div>
    </Show>
  </div>
)
