/** A line as small as a word: values from 0 to 1, gaps stay gaps. */
import { For } from 'solid-js'
import { linePaths } from './line-path.ts'

const WIDTH = 88
const HEIGHT = 22

export function Sparkline(props: { values: readonly (number | null)[]; label: string }) {
  return (
    <svg
      role="img"
      aria-label={props.label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      class="block overflow-visible"
    >
      <line x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} stroke="var(--line)" />
      <For each={linePaths(props.values, WIDTH, HEIGHT)}>
        {(path) => (
          <path
            d={path}
            fill="none"
            stroke="var(--chart-1)"
            stroke-width="1.5"
            stroke-linejoin="round"
            stroke-linecap="round"
          />
        )}
      </For>
    </svg>
  )
}
