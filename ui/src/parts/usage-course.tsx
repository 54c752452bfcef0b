/** How much was used over the period of a line, with what changed on the way: price, owner, size. */
import type { Explanation } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Course, type CourseMark, type Step } from '../kit/course.tsx'
import { sizeText } from './explain-model.ts'
import { priceText } from './price-text.tsx'
import { ratedLines } from './term-text.tsx'

type Segment = Explanation['segments'][number]

/** What is held is as high as it is large; what is consumed as much as there was in each unit of time. */
function stepsOf(segments: readonly Segment[]): Step[] {
  return segments.flatMap((segment) => {
    const span = (one: { from: string; to: string }) => ({ from: Date.parse(one.from), to: Date.parse(one.to) })
    if (segment.size !== null) return [{ ...span(segment), value: segment.skipped ? 0 : Number(segment.size) }]
    return segment.hours.map((hour) => {
      const { from, to } = span(hour)
      return { from, to, value: Number(hour.quantity) / Math.max(1, to - from) }
    })
  })
}

function marksOf({ line, segments }: Explanation, zone: string): CourseMark[] {
  const lines = ratedLines(line)
  const mark = (at: string, what: string): CourseMark => ({
    at: Date.parse(at),
    text: `${say.instant(at, zone)}: ${what}`,
  })
  const within = (at: string | undefined): at is string =>
    at !== undefined && Date.parse(at) > Date.parse(line.period.from) && Date.parse(at) < Date.parse(line.period.to)
  const prices = lines.flatMap(({ price, currency }) => [
    ...(within(price.effective_at)
      ? [mark(price.effective_at, t('explain.price_began', { price: priceText({ ...price, currency }) }))]
      : []),
    ...(within(price.ends_at) ? [mark(price.ends_at, t('explain.price_ended'))] : []),
  ])
  const inOrder = segments.toSorted((a, b) => (a.from < b.from ? -1 : 1))
  const changes = inOrder.slice(1).flatMap((segment, index) => {
    const before = inOrder[index]
    if (!before) return []
    return [
      ...(segment.owner === before.owner
        ? []
        : [mark(segment.from, `${t('explain.owner')}: ${before.owner} → ${segment.owner}`)]),
      ...(segment.size === null || before.size === null || segment.size === before.size
        ? []
        : [
            mark(
              segment.from,
              `${t('explain.size')}: ${sizeText(line.meter, before.size)} → ${sizeText(line.meter, segment.size)}`,
            ),
          ]),
    ]
  })
  return [...prices, ...changes].toSorted((a, b) => a.at - b.at)
}

export const UsageCourse = (props: { explanation: Explanation; zone: string }) => (
  <Course
    label={`${t('explain.course')}: ${say.decimal(props.explanation.line.quantity_display)}`}
    from={Date.parse(props.explanation.line.period.from)}
    to={Date.parse(props.explanation.line.period.to)}
    steps={stepsOf(props.explanation.segments)}
    marks={marksOf(props.explanation, props.zone)}
    fromText={say.instant(props.explanation.line.period.from, props.zone)}
    toText={say.instant(props.explanation.line.period.to, props.zone)}
  />
)
