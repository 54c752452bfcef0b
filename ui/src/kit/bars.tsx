/** Bars of one measure over days: a picture beside a table that says the same in numbers. */
import { createMemo, For, Show } from 'solid-js'

export interface Bar {
  label: string
  value: number
  /** what is said of it: "10 Nov: 4.13 €" */
  text: string
}

interface Props {
  label: string
  bars: readonly Bar[]
}

/** So many labels fit under the bars. */
const LABELS = 6

export function Bars(props: Props) {
  const highest = createMemo(() => Math.max(...props.bars.map((bar) => bar.value), 0))
  const height = (value: number) => (highest() === 0 ? 0 : Math.max((value / highest()) * 100, value > 0 ? 1.5 : 0))
  const every = () => Math.max(1, Math.ceil(props.bars.length / LABELS))
  const top = () => props.bars.find((bar) => bar.value === highest())
  return (
    <figure class="m-0" role="img" aria-label={props.label}>
      <div class="tabular mb-1 text-xs text-muted" aria-hidden="true">
        <Show when={highest() > 0}>{top()?.text}</Show>
      </div>
      <div class="flex h-36 items-end gap-[2px] border-b border-line" aria-hidden="true">
        <For each={props.bars}>
          {(bar) => (
            <div class="group flex h-full min-w-0 flex-1 items-end" title={bar.text}>
              <div
                class="w-full rounded-t-sm bg-accent opacity-80 group-hover:opacity-100"
                style={{ height: `${height(bar.value)}%` }}
              />
            </div>
          )}
        </For>
      </div>
      <div class="tabular mt-1 flex gap-[2px] text-xs text-muted" aria-hidden="true">
        <For each={props.bars}>
          {(bar, index) => (
            <span class="min-w-0 flex-1 overflow-visible whitespace-nowrap">
              <Show when={index() % every() === 0}>{bar.label}</Show>
            </span>
          )}
        </For>
      </div>
    </figure>
  )
}
