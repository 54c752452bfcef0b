/** How a chart looks and behaves: uPlot's options from ours, colours read from the tokens at each drawing. */
import type uPlot from 'uplot'

export interface ChartSeries {
  label: string
  /** a colour token, such as `--chart-1` */
  colour: string
  values: readonly (number | null)[]
  /** filled down to zero */
  area?: boolean
}
export interface ChartMark {
  at_ms: number
  label: string
}
export interface ChartSettings {
  series: readonly ChartSeries[]
  marks: readonly ChartMark[]
  syncKey: string
  locale: string
  format: (value: number) => string
  /** bytes: steps of the scale are powers of two */
  binary?: boolean
  /** fixed top of the scale, such as 1 for a ratio */
  max?: number
  onCursor: (index: number | null) => void
  onZoom: (from_ms: number, to_ms: number) => void
}

const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power)
const AXIS_FONT = '12px Inter, system-ui, sans-serif'
const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

function timeText(locale: string, splits: number[]): string[] {
  const first = splits[0] ?? 0
  const last = splits.at(-1) ?? 0
  const options: Intl.DateTimeFormatOptions =
    last - first > 2 * 86_400 ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' }
  const format = new Intl.DateTimeFormat(locale, options)
  return splits.map((at) => format.format(at * 1000))
}

function drawMarks(chart: uPlot, marks: readonly ChartMark[]) {
  const { left, top, width, height } = chart.bbox
  const context = chart.ctx
  context.save()
  context.strokeStyle = token('--text-faint')
  context.fillStyle = token('--text-faint')
  context.lineWidth = devicePixelRatio
  context.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  for (const mark of marks) {
    const x = Math.round(chart.valToPos(mark.at_ms / 1000, 'x', true))
    if (x < left || x > left + width) continue
    context.beginPath()
    context.moveTo(x, top)
    context.lineTo(x, top + height)
    context.stroke()
    context.fillRect(x - 2 * devicePixelRatio, top, 4 * devicePixelRatio, 4 * devicePixelRatio)
  }
  context.restore()
}

const range =
  (settings: ChartSettings) =>
  (_: uPlot, _min: number | null, max: number | null): [number, number] => {
    if (settings.max !== undefined) return [0, settings.max]
    return [0, max === null || max <= 0 ? 1 : max * 1.1]
  }

export function chartOptions(settings: ChartSettings, width: number, height: number): uPlot.Options {
  const axis = { stroke: () => token('--text-muted'), font: AXIS_FONT, ticks: { show: false } }
  const grid = { stroke: () => token('--chart-grid'), width: 1 }
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    scales: { x: { time: true }, y: { range: range(settings) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        size: 26,
        gap: 6,
        values: (_, splits) => timeText(settings.locale, splits),
      },
      {
        ...axis,
        grid,
        size: 72,
        space: 36,
        incrs: settings.binary ? BINARY_STEPS : undefined,
        values: (_, splits) => splits.map(settings.format),
      },
    ],
    series: [
      {},
      ...settings.series.map((one) => ({
        label: one.label,
        stroke: () => token(one.colour),
        fill: one.area ? () => `color-mix(in srgb, ${token(one.colour)} 14%, transparent)` : undefined,
        width: 1.5,
        spanGaps: false,
        points: { show: false },
      })),
    ],
    cursor: {
      sync: { key: settings.syncKey },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
    },
    hooks: {
      draw: [(chart) => drawMarks(chart, settings.marks)],
      setCursor: [(chart) => settings.onCursor(chart.cursor.idx ?? null)],
      setSelect: [
        (chart) => {
          if (chart.select.width < 8) return
          const from = chart.posToVal(chart.select.left, 'x') * 1000
          const to = chart.posToVal(chart.select.left + chart.select.width, 'x') * 1000
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          settings.onZoom(Math.round(from), Math.round(to))
        },
      ],
    },
  }
}
