/** A sum that grows over the days of a month: what is known as a line, what is expected as a dashed one, a limit as a dotted one. */
import { createMemo, For, Show } from 'solid-js'

export interface GrowthPoint {
  /** of the month, from 1 */
  day: number
  value: number
  /** what is said of it: "10 Nov: €4.13, so far €41.30" */
  text: string
}

interface Props {
  label: string
  points: readonly GrowthPoint[]
  /** of the month */
  days: number
  forecast?: { value: number; text: string } | undefined
  limit?: { value: number; text: string } | undefined
  /** a value of the scale as text */
  format: (value: number) => string
}

const [WIDTH, HEIGHT] = [1000, 200]

/** The smallest of 1, 2, 2.5 and 5 × 10ⁿ that is not below a value: the scale's top. */
function roundUp(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power
}

export function Growth(props: Props) {
  const top = createMemo(() =>
    roundUp(Math.max(...props.points.map((point) => point.value), props.forecast?.value ?? 0, props.limit?.value ?? 0)),
  )
  const x = (day: number) => (day / props.days) * WIDTH
  const y = (value: number) => HEIGHT - (Math.max(0, value) / top()) * HEIGHT
  const first = () => Math.max(0, (props.points[0]?.day ?? 1) - 1)
  const last = () => props.points.at(-1)
  const line = () =>
    [`M${x(first())} ${y(0)}`, ...props.points.map(({ day, value }) => `L${x(day)} ${y(value)}`)].join(' ')
  const area = () => `${line()} L${x(last()?.day ?? 0)} ${HEIGHT} L${x(first())} ${HEIGHT} Z`
  const expected = () => `M${x(last()?.day ?? 0)} ${y(last()?.value ?? 0)} L${WIDTH} ${y(props.forecast?.value ?? 0)}`
  return (
    <figure class="m-0 flex gap-2" role="img" aria-label={props.label}>
      <div class="tabular flex h-44 flex-col justify-between text-right text-xs text-muted" aria-hidden="true">
        <For each={[1, 0.5, 0]}>{(part) => <span>{props.format(top() * part)}</span>}</For>
      </div>
      <div class="min-w-0 flex-1" aria-hidden="true">
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          class="block h-44 w-full overflow-visible [&_path]:[vector-effect:non-scaling-stroke]"
        >
          <For each={[0, 0.5, 1]}>
            {(part) => <path d={`M0 ${HEIGHT * part} H${WIDTH}`} stroke="var(--chart-grid)" stroke-width="1" />}
          </For>
          <Show when={props.limit}>
            {(limit) => (
              <path
                d={`M0 ${y(limit().value)} H${WIDTH}`}
                stroke="var(--warn-mark)"
                stroke-width="1.5"
                stroke-dasharray="2 4"
              >
                <title>{limit().text}</title>
              </path>
            )}
          </Show>
          <path d={area()} fill="var(--accent)" opacity="0.12" />
          <path d={line()} fill="none" stroke="var(--accent)" stroke-width="2" />
          <Show when={props.forecast && last()}>
            <path d={expected()} fill="none" stroke="var(--accent)" stroke-width="2" stroke-dasharray="6 5">
              <title>{props.forecast?.text}</title>
            </path>
          </Show>
          <For each={props.points}>
            {(point) => (
              <rect x={x(point.day - 1)} y="0" width={WIDTH / props.days} height={HEIGHT} fill="transparent">
                <title>{point.text}</title>
              </rect>
            )}
          </For>
        </svg>
        <div class="tabular relative mt-1 h-4 text-xs text-muted">
          <For each={[1, 8, 15, 22, props.days]}>
            {(day) => (
              <span class="absolute -translate-x-1/2" style={{ left: `${((day - 0.5) / props.days) * 100}%` }}>
                {day}
              </span>
            )}
          </For>
        </div>
      </div>
    </figure>
  )
}
