/** How much there was over time, as steps; what changed is marked where it changed and told beneath. */
import { createMemo, For, Show } from 'solid-js'

export interface Step {
  from: number
  to: number
  /** a height: how much in each unit of time */
  value: number
}
export interface CourseMark {
  at: number
  text: string
}
interface Props {
  label: string
  from: number
  to: number
  steps: readonly Step[]
  marks: readonly CourseMark[]
  fromText: string
  toText: string
}

const [WIDTH, HEIGHT] = [1000, 120]

export function Course(props: Props) {
  const top = createMemo(() => Math.max(...props.steps.map((step) => step.value), 0) || 1)
  /** prices fall below zero */
  const bottom = createMemo(() => Math.min(...props.steps.map((step) => step.value), 0))
  const x = (at: number) => (((at - props.from) / Math.max(1, props.to - props.from)) * WIDTH).toFixed(2)
  const y = (value: number) => (HEIGHT * (1 - (value - bottom()) / (top() - bottom()))).toFixed(2)
  // one path, however many steps: a month of hours is drawn in a millisecond
  const area = createMemo(() =>
    props.steps.map(({ from, to, value }) => `M${x(from)} ${y(0)}V${y(value)}H${x(to)}V${y(0)}Z`).join(''),
  )
  return (
    <div>
      <figure class="m-0" role="img" aria-label={props.label}>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          class="block h-28 w-full border-b border-line [&_path]:[vector-effect:non-scaling-stroke]"
        >
          <path d={area()} fill="var(--accent)" opacity="0.75" />
          <For each={props.marks}>
            {(mark) => (
              <path
                d={`M${x(mark.at)} 0V${HEIGHT}`}
                stroke="var(--warn-mark)"
                stroke-width="1.5"
                stroke-dasharray="4 3"
              >
                <title>{mark.text}</title>
              </path>
            )}
          </For>
        </svg>
        <div class="tabular mt-1 flex justify-between text-xs text-muted">
          <span>{props.fromText}</span>
          <span>{props.toText}</span>
        </div>
      </figure>
      <Show when={props.marks.length > 0}>
        <ul class="tabular mt-2 mb-0 list-none p-0 text-[0.8125rem]">
          <For each={props.marks}>
            {(mark) => (
              <li class="flex gap-2">
                <span aria-hidden="true" class="mt-2 h-0 w-3 shrink-0 border-t-2 border-dashed border-warn-mark" />
                {mark.text}
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  )
}
