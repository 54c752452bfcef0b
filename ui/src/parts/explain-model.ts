/** A line as a tree of sums: what it was charged by, the stretches beneath it, their hours, and the readings that bound each hour. */
import type { Explanation, Line } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { STATES } from '../i18n/words.ts'
import { addAmounts, compareAmounts, fractionText, sameSum, sumIntegers } from '../kit/amount.ts'
import { lineName, meteredText } from './line-text.ts'
import { shareText } from './percentage-text.ts'
import { rateText } from './percentile-text.tsx'
import { timedUnit } from './price-text.tsx'
import { ratedLines } from './term-text.tsx'

type Segment = Explanation['segments'][number]
type Hour = Segment['hours'][number]
type Charge = NonNullable<Line['charge']>

export interface Branch {
  id: string
  label: string
  /** what it comes to */
  value: string
  note?: string | undefined
  /** what stands beside it when it is open */
  facts?: [string, string][]
  /** what its children add up to, and whether that is what it says itself */
  sum?: { text: string; holds: boolean } | undefined
  /** made when it is opened: a month has 744 hours */
  children?: (() => Branch[]) | undefined
}

const DECIMALS = 8
const money = (fraction: string, currency: string) => {
  const text = fractionText(fraction, DECIMALS)
  return `${text.endsWith('…') ? '≈ ' : ''}${say.rate(text.replace('…', ''), currency, DECIMALS)}`
}
const number = (fraction: string) => say.decimal(fractionText(fraction, 6).replace('…', ''))
const sumOf = (parts: readonly string[], whole: string, text: string) => ({ text, holds: sameSum(parts, whole) })

/** Sizes in bytes are told as people say them. */
export const sizeText = (meter: Line['meter'], size: string): string =>
  meter === 'memory' || meter === 'disk' ? say.bytes(size) : say.decimal(size, 0)
const stateText = (state: string) => {
  const known = STATES.find((one) => one === state)
  return known ? t(`state.${known}`) : state
}

/** The whole line; of a note what is due, as it is rated now. */
export function treeOf({ line, segments, base = [] }: Explanation, zone: string): Branch[] {
  const named = new Map(base.map((one) => [one.id, one]))
  let at = 0
  return ratedLines(line).map((rated, index) => {
    const own = segments.slice(at, (at += rated.segments.length))
    return lineBranch(rated, own, named, zone, String(index))
  })
}

type Named = ReadonlyMap<string, NonNullable<Explanation['base']>[number]>
function lineBranch(line: Line, segments: readonly Segment[], named: Named, zone: string, id: string): Branch {
  const amounts = line.segments.map((segment) => segment.amount)
  const stretches = () =>
    segments.map((segment, index) => segmentBranch(line, segment, amounts[index] ?? '0/1', zone, `${id}.${index}`))
  const { charge } = line
  const stretched: Branch = {
    id: `${id}.s`,
    label: t('explain.segments', segments.length),
    value: money(line.exact, line.currency),
    sum: sumOf(amounts, line.exact, t('explain.sum_stretches', segments.length)),
    children: stretches,
  }
  const hasStretches = segments.length > 0
  return {
    id,
    label: t('explain.line'),
    value: say.money(line.net, line.currency),
    note: t('explain.rounded_from', { exact: money(line.exact, line.currency) }),
    ...(charge
      ? {
          children: () => [
            chargeBranch(line, charge, id),
            ...baseBranch(line, named, id),
            ...(hasStretches ? [stretched] : []),
          ],
        }
      : { sum: stretched.sum, children: stretches }),
  }
}

/** The lines that it is a percentage of: together they are its base. */
function baseBranch({ percentage_of: of, currency }: Line, named: Named, id: string): Branch[] {
  if (!of) return []
  const label = (line_id: string) => {
    const line = named.get(line_id)
    return line ? `${lineName(line)} · ${meteredText(line)}` : line_id
  }
  const sum = addAmounts(of.lines.map(({ amount }) => amount))
  return [
    {
      id: `${id}.b`,
      label: t('explain.base'),
      value: say.money(of.amount, currency),
      sum: { text: t('explain.base_lines', of.lines.length), holds: compareAmounts(sum, of.amount) === 0 },
      children: () =>
        of.lines.map(({ line_id, amount }, index) => ({
          id: `${id}.b${index}`,
          label: label(line_id),
          value: say.money(amount, currency),
        })),
    },
  ]
}

/** Tier by tier: together they are the exact amount. */
function chargeBranch(line: Line, charge: Charge, id: string): Branch {
  const unit = timedUnit(line.price.unit, line.price.per)
  const parts = charge.parts.map((part) => part.amount)
  const taken = `-${charge.discount}`
  const isSome = (fraction: string) => !fraction.startsWith('0/')
  const rest = (label: string, amount: string, name: string): Branch[] =>
    isSome(amount.replace('-', '')) ? [{ id: `${id}.${name}`, label, value: money(amount, line.currency) }] : []
  return {
    id: `${id}.c`,
    label: t('explain.charge'),
    value: money(line.exact, line.currency),
    sum: sumOf([...parts, charge.top_up, taken], line.exact, t('explain.sum_charge')),
    children: () => [
      ...(isSome(charge.included)
        ? [
            {
              id: `${id}.i`,
              label: `${number(charge.included)} ${unit} ${t('prices.part_included')}`,
              value: say.rate('0', line.currency),
            },
          ]
        : []),
      ...charge.parts.map((part, index) => ({
        id: `${id}.t${index}`,
        label: `${charge.parts.length > 1 ? `${t('prices.tier_number', { number: String(part.tier + 1) })}: ` : ''}${line.percentage_of ? shareText(part, line.currency) : `${number(part.quantity)} × ${money(part.unit_amount, line.currency)}`}${isSome(part.flat_amount) ? ` + ${money(part.flat_amount, line.currency)}` : ''}`,
        value: money(part.amount, line.currency),
      })),
      ...rest(t('prices.part_top_up'), charge.top_up, 'u'),
      ...rest(t('prices.part_discount'), taken, 'd'),
    ],
  }
}

/** What was subscribed, since when, and as of when its prices are. */
function serviceText({ plan, quantity, from, prices_as_of }: NonNullable<Segment['service']>, zone: string): string {
  const at = say.instant(from, zone)
  const text = t('explain.service_text', { plan: plan.name[language()], quantity: String(quantity), at })
  return prices_as_of ? `${text}, ${t('explain.prices_as_of', { at: say.instant(prices_as_of, zone) })}` : text
}

/** "EPEX-ES 84.31 → €0.1043/GB": what the index said, and what a unit cost by it. */
function indexText({ price, currency }: Line, { index_value, unit_amount }: Segment): string {
  if (!price.index || index_value === undefined || unit_amount === undefined) return ''
  const { name, unit } = price.index
  const said = `${name} ${say.rate(index_value, currency)}/${unit}`
  return `${said} → ${money(unit_amount, currency)}/${timedUnit(price.unit, price.per)}`
}

/** By which rows it was held: of a service its own, of a machine what was seen and whose it was. */
function versionFacts(line: Line, { observed_version_id, assignment_id }: Segment): [string, string][] {
  if (line.resource.kind === 'service') return [[t('explain.service_version'), observed_version_id ?? assignment_id]]
  const seen: [string, string][] = observed_version_id ? [[t('explain.version'), observed_version_id]] : []
  return [...seen, [t('explain.assignment'), assignment_id]]
}

function nothingBeneath(line: Line) {
  if (line.resource.kind === 'service') return 'explain.held_service'
  return line.percentile ? 'explain.no_traffic' : 'explain.no_hours'
}

function segmentBranch(line: Line, segment: Segment, amount: string, zone: string, id: string): Branch {
  const isOverTime = segment.size !== null || line.price.per !== 'quantity'
  const base = isOverTime ? t('explain.base_units_ms') : t('explain.base_units')
  const optional = (label: string, value: string | null): [string, string][] => (value === null ? [] : [[label, value]])
  const { hours } = segment
  const said = indexText(line, segment)
  const used = sumIntegers(hours.map((hour) => hour.quantity))
  return {
    id,
    label: `${segment.resource ? `${segment.resource.name} · ` : ''}${say.instant(segment.from, zone)} → ${say.instant(segment.to, zone)}`,
    value: money(amount, line.currency),
    note: [
      segment.skipped ? t('explain.skipped') : '',
      segment.unobserved_ms > 0 && !segment.skipped
        ? t('explain.unobserved', { time: say.duration(segment.unobserved_ms) })
        : '',
      segment.estimated ? t('explain.estimated') : '',
      segment.trial ? t('explain.trial') : '',
      said,
    ]
      .filter(Boolean)
      .join(' · '),
    facts: [
      ...optional(t('explain.resource'), segment.resource?.name ?? null),
      ...optional(t('explain.owner'), segment.owner || null),
      ...optional(t('explain.service'), segment.service ? serviceText(segment.service, zone) : null),
      ...optional(t('explain.state'), segment.state && stateText(segment.state)),
      ...optional(t('explain.host'), segment.host_name),
      ...(line.percentile
        ? optional(t('explain.rate'), segment.size && rateText(`${segment.size}/75`, line.price.unit))
        : optional(t('explain.size'), segment.size && sizeText(line.meter, segment.size))),
      [t('explain.quantity'), `${say.decimal(segment.quantity, 0)} ${base}`],
      [t('explain.amount'), amount],
      ...versionFacts(line, segment),
    ],
    ...(hours.length > 0
      ? {
          sum: {
            text: `${t('explain.hours', hours.length)}: ${say.decimal(used, 0)}`,
            // a percentile is no sum, and a price that skips gaps bills less than its hours hold
            holds: line.percentile !== undefined || used === segment.quantity || line.price.gap_policy === 'skip',
          },
          children: () => hours.map((hour, index) => hourBranch(hour, zone, `${id}.${index}`)),
        }
      : { note: [said, t(nothingBeneath(line))].filter(Boolean).join(' · ') }),
  }
}

const hourBranch = (hour: Hour, zone: string, id: string): Branch => ({
  id,
  label: say.span(hour.from, hour.to, zone),
  value: say.decimal(hour.quantity, 0),
  note: [hour.meter ? t(`meter.${hour.meter}`) : '', t('explain.readings', hour.reading_count)]
    .filter(Boolean)
    .join(' · '),
  facts: [[t('explain.digest'), hour.digest]],
  children: () =>
    hour.bounds.flatMap((bound, index) =>
      (['first', 'last'] as const).map((which) => ({
        id: `${id}.${index}${which}`,
        label: [bound.device, t(`explain.${which}`), say.preciseInstant(bound[which].at, zone)]
          .filter(Boolean)
          .join(' · '),
        value: say.decimal(bound[which].value, 0),
        note: [
          bound.epoch && t('explain.epoch', { epoch: bound.epoch }),
          t('explain.spool', { spool: bound[which].spool, sequence: String(bound[which].sequence) }),
        ]
          .filter(Boolean)
          .join(' · '),
      })),
    ),
})

/** All of it as text, two spaces a level. */
export function treeText(branches: readonly Branch[], depth = 0): string {
  return branches
    .map((one) => {
      const indent = '  '.repeat(depth)
      const lines = [
        `${indent}${one.label}: ${one.value}${one.note ? ` (${one.note})` : ''}`,
        ...(one.sum ? [`${indent}  Σ ${one.sum.text} ${one.sum.holds ? '=' : '≠'} ${one.value}`] : []),
        ...(one.facts ?? []).map(([label, value]) => `${indent}  · ${label}: ${value}`),
      ]
      const below = one.children ? treeText(one.children(), depth + 1) : ''
      return [...lines, ...(below ? [below] : [])].join('\n')
    })
    .join('\n')
}
