/** Two measures side by side for each of a few names, such as before and after: a picture beside a table that says the same in numbers. */
import { createMemo, For } from 'solid-js'

export interface PairOfBars {
  label: string
  values: readonly [number, number]
  /** what is said of it: "October: 10.00 €, then 11.00 €" */
  text: string
}
interface Props {
  label: string
  names: readonly [string, string]
  pairs: readonly PairOfBars[]
}
const COLOURS = ['bg-idle-mark', 'bg-accent'] as const

export function PairedBars(props: Props) {
  const highest = createMemo(() => Math.max(...props.pairs.flatMap((pair) => pair.values), 0))
  const height = (value: number) => (highest() === 0 ? 0 : Math.max((value / highest()) * 100, value > 0 ? 1.5 : 0))
  return (
    <figure class="m-0" role="img" aria-label={props.label}>
      <div class="mb-2 flex flex-wrap gap-x-4 text-xs text-muted" aria-hidden="true">
        <For each={props.names}>
          {(name, index) => (
            <span class="inline-flex items-center gap-1.5">
              <span class={`size-2.5 rounded-sm ${COLOURS[index()] ?? ''}`} />
              {name}
            </span>
          )}
        </For>
      </div>
      <div class="flex h-40 items-end gap-2 border-b border-line" aria-hidden="true">
        <For each={props.pairs}>
          {(pair) => (
            <div class="flex h-full min-w-0 flex-1 items-end justify-center gap-[2px]" title={pair.text}>
              <For each={pair.values}>
                {(value, index) => (
                  <div
                    class={`w-full max-w-9 rounded-t-sm ${COLOURS[index()] ?? ''}`}
                    style={{ height: `${height(value)}%` }}
                  />
                )}
              </For>
            </div>
          )}
        </For>
      </div>
      <div class="tabular mt-1 flex gap-2 text-xs text-muted" aria-hidden="true">
        <For each={props.pairs}>{(pair) => <span class="min-w-0 flex-1 truncate text-center">{pair.label}</span>}</For>
      </div>
    </figure>
  )
}
