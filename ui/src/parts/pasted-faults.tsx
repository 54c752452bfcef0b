/** Under pasted lines: how many were read, and what is wrong with the first of those that are. */
import { For, Show } from 'solid-js'

const SHOWN = 5

export const PastedFaults = (props: { read: string | undefined; faults: readonly string[] }) => (
  <div aria-live="polite" class="text-[0.8125rem]">
    <Show when={props.read}>{(text) => <p class="tabular m-0 text-muted">{text()}</p>}</Show>
    <For each={props.faults.slice(0, SHOWN)}>{(text) => <p class="m-0 text-bad">{text}</p>}</For>
    <Show when={props.faults.length > SHOWN}>
      <p class="m-0 text-muted">+ {props.faults.length - SHOWN}</p>
    </Show>
  </div>
)
