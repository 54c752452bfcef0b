/** Instants for forms: local date-and-time inputs, and the start of a month in a time zone. */

/** `2026-11-22T14:05` in the browser's zone, for `<input type="datetime-local">`. */
export function toLocalInput(at_ms: number): string {
  const at = new Date(at_ms)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** null where the text isn't an instant (yet). */
export function fromLocalInput(text: string): string | null {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

/** What the zone's clocks show at an instant, as if it were UTC. */
function wallClock(at_ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const parts = Object.fromEntries(format.formatToParts(at_ms).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The instant at which the month of `at_ms` began in the zone; two steps, since the offset may differ there. */
export function monthStart(at_ms: number, zone: string): number {
  const shown = new Date(wallClock(at_ms, zone))
  const wanted = Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth(), 1)
  const near = wanted - (wallClock(at_ms, zone) - Math.floor(at_ms / 1000) * 1000)
  return wanted - (wallClock(near, zone) - near)
}
