/** The gaps of a line as a document tells them: how long, why, when, and what was done about it. */
import type { Language } from '../accounts/contract.ts'
import { fromIso } from '../base/time.ts'
import type { Line, LineGap } from '../rating/contract.ts'

interface Words {
  unobserved: string
  more: (count: number) => string
  /** of a slot that a percentile leaves out: its time is billed nevertheless */
  not_counted: string
  causes: Record<LineGap['cause'], string>
  policies: Record<LineGap['policy'], string>
}
const EN: Words = {
  unobserved: 'unobserved',
  more: (count) => `and ${count} more`,
  not_counted: 'not counted',
  causes: {
    silent: 'no report',
    reset: 'counter began anew',
    spool_overflow: 'spool overflow',
    spool_damaged: 'spool damaged',
    agent_down: 'agent down',
    source_down: 'source down',
    source_paused: 'source paused',
  },
  policies: { infer: 'billed on', total: 'total known', skip: 'not billed', block: 'accepted' },
}
const ES: Words = {
  unobserved: 'sin observar',
  more: (count) => `y ${count} más`,
  not_counted: 'no cuenta',
  causes: {
    silent: 'sin informes',
    reset: 'contador reiniciado',
    spool_overflow: 'cola desbordada',
    spool_damaged: 'cola dañada',
    agent_down: 'agente parado',
    source_down: 'fuente caída',
    source_paused: 'fuente en pausa',
  },
  policies: { infer: 'se factura', total: 'total conocido', skip: 'no se factura', block: 'aceptado' },
}
const WORDS: Record<Language, Words> = { en: EN, es: ES }

/** "3 h 12 min"; below a minute in seconds. */
function lengthText(ms: number): string {
  const seconds = (ms - (ms % 1000)) / 1000
  if (seconds < 60) return `${seconds} s`
  const minutes = (seconds - (seconds % 60)) / 60
  const hours = (minutes - (minutes % 60)) / 60
  return [hours > 0 ? `${hours} h` : '', minutes % 60 > 0 ? `${minutes % 60} min` : ''].filter(Boolean).join(' ')
}

function stretchText({ from, to }: LineGap, zone: string, language: Language): string {
  const at = (text: string) => Temporal.Instant.fromEpochMilliseconds(fromIso(text)).toZonedDateTimeISO(zone)
  const [begin, end] = [at(from), at(to)]
  const date = (when: typeof begin) => {
    const text = when.toPlainDate().toString()
    return language === 'es' ? text.split('-').toReversed().join('/') : text
  }
  const clock = (when: typeof begin) => when.toPlainTime().toString({ smallestUnit: 'minute' })
  const last = date(begin) === date(end) ? clock(end) : `${date(end)} ${clock(end)}`
  return `${date(begin)} ${clock(begin)} – ${last}`
}

/** "unobserved 3 h 12 min: spool overflow, 2026-11-14 02:10 – 05:22 (total known)"; '' where all was observed. */
export function gapText(
  line: Pick<Line, 'unobserved_ms' | 'gaps' | 'gaps_more' | 'percentile'>,
  zone: string,
  language: Language,
): string {
  if (line.unobserved_ms === 0) return ''
  const words = WORDS[language]
  const done = (policy: LineGap['policy']) =>
    line.percentile && policy === 'skip' ? words.not_counted : words.policies[policy]
  const told = (line.gaps ?? []).map(
    (gap) => `${words.causes[gap.cause]}, ${stretchText(gap, zone, language)} (${done(gap.policy)})`,
  )
  if (line.gaps_more) told.push(words.more(line.gaps_more))
  const whole = `${words.unobserved} ${lengthText(line.unobserved_ms)}`
  return told.length > 0 ? `${whole}: ${told.join('; ')}` : whole
}
