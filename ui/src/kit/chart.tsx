/** A chart over time, drawn by uPlot; its legend shows the values under the cursor, or the latest. */
import 'uplot/dist/uPlot.min.css'
import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js'
import uPlot from 'uplot'
import { chartOptions, type ChartMark, type ChartSeries } from './chart-options.ts'

/** as the class h-42 has it: a style within the page's text is forbidden by its policy */
const HEIGHT = 168

interface Props {
  title: string
  /** seconds since 1970, ascending */
  at: readonly number[]
  series: readonly ChartSeries[]
  marks: readonly ChartMark[]
  syncKey: string
  locale: string
  format: (value: number) => string
  timeText: (at_ms: number) => string
  /** anything that, when it changes, needs new colours */
  theme: string
  max?: number
  binary?: boolean
  /** the picture in words */
  summary: string
  onZoom: (from_ms: number, to_ms: number) => void
}

const latest = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? null

export default function Chart(props: Props) {
  const [cursor, setCursor] = createSignal<number | null>(null)
  let frame: HTMLDivElement | undefined
  let chart: uPlot | undefined

  const data = (): uPlot.AlignedData => [[...props.at], ...props.series.map((one) => [...one.values])]
  const make = () => {
    chart?.destroy()
    if (!frame) return
    const settings = { ...props, onCursor: setCursor, onZoom: (from: number, to: number) => props.onZoom(from, to) }
    chart = new uPlot(chartOptions(settings, frame.clientWidth, HEIGHT), data(), frame)
  }
  onMount(() => {
    make()
    const sizes = new ResizeObserver(() => frame && chart?.setSize({ width: frame.clientWidth, height: HEIGHT }))
    if (frame) sizes.observe(frame)
    onCleanup(() => {
      sizes.disconnect()
      chart?.destroy()
    })
  })
  const shape = () =>
    [props.locale, props.max, props.series.map((s) => s.label).join(), JSON.stringify(props.marks)].join('\n')
  createEffect(on(shape, make, { defer: true }))
  createEffect(
    on(
      () => [props.at, props.series],
      () => chart?.setData(data()),
      { defer: true },
    ),
  )
  createEffect(
    on(
      () => props.theme,
      () => chart?.redraw(false),
      { defer: true },
    ),
  )

  const valueText = (one: ChartSeries) => {
    const at = cursor()
    const value = at === null ? latest(one.values) : (one.values[at] ?? null)
    return value === null ? '–' : props.format(value)
  }
  const cursorTime = () => {
    const at = cursor()
    const seconds = at === null ? undefined : props.at[at]
    return seconds === undefined ? '' : props.timeText(seconds * 1000)
  }

  return (
    <figure class="m-0 min-w-0">
      <figcaption class="mb-2 flex flex-wrap items-baseline gap-x-4 gap-y-1 text-[0.8125rem]">
        <span class="font-medium">{props.title}</span>
        <span class="tabular text-muted">{cursorTime()}</span>
        <span class="ml-auto flex flex-wrap gap-x-4">
          <For each={props.series}>
            {(one) => (
              <span class="tabular inline-flex items-center gap-1.5 text-muted">
                <span aria-hidden="true" class="h-0.5 w-3 rounded" style={{ background: `var(${one.colour})` }} />
                {one.label}
                <span class="font-medium text-text">{valueText(one)}</span>
              </span>
            )}
          </For>
        </span>
      </figcaption>
      <Show when={props.summary}>
        <p class="sr-only">{props.summary}</p>
      </Show>
      <div ref={(element) => (frame = element)} aria-hidden="true" class="h-42" />
    </figure>
  )
}
