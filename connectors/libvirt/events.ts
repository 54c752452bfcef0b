/** Lines of `virsh event --all --loop --timestamp` → events. Pure. */

export interface LibvirtEvent {
  /** when virsh heard of it, by the clock of the agent's machine: libvirt's wire carries no instant */
  at_ms: number
  /** events name the domain, not its UUID */
  domain: string
  type: 'lifecycle' | 'balloon' | 'added' | 'removed' | 'changed'
  /** lifecycle: Started, Stopped, …; else '' */
  what: string
  /** lifecycle: Booted, Migrated, …; balloon: KiB; added and removed: the device's alias */
  detail: string
}

const LINE =
  /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3})([+-])(\d\d)(\d\d): event '([a-z0-9-]+)' for domain '(.*)$/

/** What may follow the name, by kind: the last match counts, so that no name can pass as a detail. */
const DETAILS: Readonly<Record<string, [LibvirtEvent['type'], RegExp]>> = {
  lifecycle: ['lifecycle', /^(.*)': (\w+) ([A-Za-z0-9/ -]+)$/],
  'balloon-change': ['balloon', /^(.*)':() (\d{1,19})KiB$/],
  'device-added': ['added', /^(.*)':() ([^']+)$/],
  'device-removed': ['removed', /^(.*)':() ([^']+)$/],
  'metadata-change': ['changed', /^(.*)':() type (\w+).*$/],
  'disk-change': ['changed', /^(.*)' disk() (.*)$/],
  'memory-device-size-change': ['changed', /^(.*)':()(.*)$/],
}

/** A name is a file's name, too: what is longer than this is no event, and would be searched through again and again. */
const LINE_CHARS_MAX = 4_096

/** Undefined for what can't change what a domain is, and for the further lines of an event. */
export function parseEvent(line: string): LibvirtEvent | undefined {
  const match = line.length > LINE_CHARS_MAX || line.includes('\0') ? null : LINE.exec(line)
  const kind = match?.[11] ?? ''
  const [type, pattern] = (Object.hasOwn(DETAILS, kind) ? DETAILS[kind] : undefined) ?? []
  const [, domain, what, detail] = pattern?.exec(match?.[12] ?? '') ?? []
  if (!match || type === undefined || domain === undefined || what === undefined || detail === undefined)
    return undefined
  return { at_ms: instant(match), domain, type, what, detail }
}

function instant(match: RegExpExecArray): number {
  const [year, month, day, hour, minute, second, ms] = match.slice(1, 8).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const offset_min = Number(`${match[8]}1`) * (Number(match[9]) * 60 + Number(match[10]))
  return Date.UTC(year, month - 1, day, hour, minute - offset_min, second, ms)
}
