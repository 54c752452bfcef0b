/** How much a processor second brings, ours beside theirs: rounds, their median, the table and the chart; pure. */
import { median, table } from './report.ts'

/** One side of a round: so many units of work for so many processor seconds. */
export interface Work {
  units: number
  cpu_seconds: number
}
export interface Round {
  ours: Work
  theirs: Work
}
export interface Rate {
  /** units a processor second, of the median round */
  ours: number
  theirs: number
  /** ours divided by theirs: more is better */
  ratio: number
  ratio_min: number
  pass: boolean
}

/** `/proc` counts in hundredths of a second: less than that can't be told from nothing. */
const LEAST_SECONDS = 0.01
const rateOf = ({ units, cpu_seconds }: Work): number => units / Math.max(cpu_seconds, LEAST_SECONDS)

/** The round of the median ratio: both sides come from the same time. */
export function judgeRate(rounds: readonly Round[], ratio_min: number): Rate {
  const rates = rounds.map(({ ours, theirs }) => ({ ours: rateOf(ours), theirs: rateOf(theirs) }))
  const ratio = median(rates.map(({ ours, theirs }) => ours / theirs))
  const { ours, theirs } = rates.find((rate) => rate.ours / rate.theirs === ratio) ?? { ours: NaN, theirs: NaN }
  return { ours, theirs, ratio, ratio_min, pass: ratio >= ratio_min }
}

const WIDTH = 46
const whole = (value: number): string => (value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en'))

/** Table of the rounds, and two bars for the median one. */
export function showRate(
  title: string,
  names: readonly [string, string],
  rounds: readonly Round[],
  rate: Rate,
  unit = 'CPU s',
): string {
  const cells = (work: Work) => [whole(work.units), work.cpu_seconds.toFixed(2), whole(rateOf(work))]
  const head = ['round', ...names.flatMap((name) => [`${name}: units`, unit, 'rate'])]
  const rows = rounds.map((round, index) => [String(index + 1), ...cells(round.ours), ...cells(round.theirs)])
  const left = Math.max(...names.map((name) => name.length))
  const most = Math.max(rate.ours, rate.theirs)
  const bar = (value: number) => '█'.repeat(Math.max(1, Math.round((value / most) * WIDTH)))
  return [
    table([head, ...rows]),
    '',
    `  ${title}: ${rate.ratio.toFixed(3)}× (at least ${rate.ratio_min}×) ${rate.pass ? '✓' : '✗'}`,
    `    ${names[0].padEnd(left)} ${bar(rate.ours)} ${whole(rate.ours)}`,
    `    ${names[1].padEnd(left)} ${bar(rate.theirs)} ${whole(rate.theirs)}`,
    '',
  ].join('\n')
}
