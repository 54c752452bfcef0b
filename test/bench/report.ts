/** Figures → a table, a chart for the terminal, and the verdict; pure. */

export interface Cost {
  cpu_ns_per_tick: number
  wire_bytes_per_tick: number
  anonymous_bytes: number
}
export type Measured = keyof Cost

export interface Bar {
  figure: Measured
  title: string
  /** ours divided by theirs may be at most this */
  ratio_max: number
  shown(value: number): string
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

export interface Verdict {
  figure: Measured
  ours: number
  theirs: number
  ratio: number
  ratio_max: number
  pass: boolean
}

/** The median window of each figure, by its ratio: both sides come from the same time. */
export function judge(windows: readonly { ours: Cost; theirs: Cost }[], { figure, ratio_max }: Bar): Verdict {
  const pairs = windows.map(({ ours, theirs }) => ({ ours: ours[figure], theirs: theirs[figure] }))
  const ratio = median(pairs.map(({ ours, theirs }) => ours / theirs))
  const { ours, theirs } = pairs.find((pair) => pair.ours / pair.theirs === ratio) ?? { ours: NaN, theirs: NaN }
  return { figure, ours, theirs, ratio, ratio_max, pass: ratio <= ratio_max }
}

const WIDTH = 46

/** Two bars a figure, the longer one as wide as the chart. */
export function chart(verdicts: readonly Verdict[], bars: readonly Bar[], names: readonly [string, string]): string {
  const left = Math.max(...names.map((name) => name.length))
  return verdicts
    .flatMap(({ figure, ours, theirs, ratio, ratio_max, pass }) => {
      const { title, shown } = bars.find((bar) => bar.figure === figure) as Bar
      const most = Math.max(ours, theirs)
      const bar = (value: number) => '█'.repeat(Math.max(1, Math.round((value / most) * WIDTH)))
      return [
        `  ${title}: ${ratio.toFixed(2)}× (at most ${ratio_max}×) ${pass ? '✓' : '✗'}`,
        `    ${names[0].padEnd(left)} ${bar(ours)} ${shown(ours)}`,
        `    ${names[1].padEnd(left)} ${bar(theirs)} ${shown(theirs)}`,
        '',
      ]
    })
    .join('\n')
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map(
      (row) =>
        `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')}`,
    )
    .join('\n')
}
