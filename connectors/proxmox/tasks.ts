/** Proxmox VE's tasks → events at exact instants: what was started, stopped, moved, backed up, and when. Pure. */
import type { Content, State } from '#connectors/contract.ts'
import { instantMs, objects, type Row, text } from './answers.ts'

export interface Task {
  upid: string
  node: string
  type: string
  /** the guest's number, or whatever the task is about; empty for several */
  id: string
  start_ms: number
  /** undefined while it runs */
  end_ms: number | undefined
  /** undefined while it runs */
  failed: boolean | undefined
}

/** Rows of `/cluster/tasks` or `/nodes/{node}/tasks`; what isn't a task is left out. */
export function parseTasks(data: unknown): Task[] {
  return objects(data, 'the list of tasks', () => {}).flatMap((row) => task(row) ?? [])
}

function task(row: Row): Task | undefined {
  const upid = text(row['upid'], 256)
  // UPID:node:pid:pstart:starttime:type:id:user: with hexadecimal numbers
  const parts = upid?.split(':') ?? []
  if (upid === undefined || parts[0] !== 'UPID' || parts.length < 8) return undefined
  const [, node = '', , , began = '', type = '', id = ''] = parts
  const start_ms =
    instantMs(row['starttime']) ?? (/^[0-9A-F]{8,9}$/i.test(began) ? parseInt(began, 16) * 1_000 : undefined)
  if (start_ms === undefined || node === '' || type === '') return undefined
  const end_ms = instantMs(row['endtime'])
  const status = text(row['status']) ?? text(row['exitstatus'])
  const ended = end_ms !== undefined && end_ms >= start_ms
  return {
    upid,
    node,
    type,
    id,
    start_ms,
    end_ms: ended ? end_ms : undefined,
    failed: ended ? !/^(OK$|WARNINGS)/.test(status ?? '') : undefined,
  }
}

/** The state in which a task that went well leaves its guest. */
const OUTCOME: Readonly<Record<string, State>> = {
  qmstart: 'running',
  vzstart: 'running',
  qmresume: 'running',
  vzresume: 'running',
  qmstop: 'stopped',
  vzstop: 'stopped',
  qmshutdown: 'stopped',
  vzshutdown: 'stopped',
  qmpause: 'paused',
  // to disk: its memory is freed
  qmsuspend: 'stopped',
  vzsuspend: 'stopped',
}
export const outcome = (task: Task): State | undefined =>
  task.failed === false && Object.hasOwn(OUTCOME, task.type) ? OUTCOME[task.type] : undefined

const MOVES = new Set(['qmigrate', 'vzmigrate'])
const ENDS = new Set(['qmdestroy', 'vzdestroy'])
const MAKES = new Set(['qmcreate', 'vzcreate', 'qmrestore', 'vzrestore'])
/** What takes long enough that people ask when it began. */
const LONG = new Set(['vzdump', 'qmigrate', 'vzmigrate', 'qmclone', 'vzclone'])

export const moves = (task: Task): boolean => task.failed === false && MOVES.has(task.type)
export const ends = (task: Task): boolean => task.failed === false && ENDS.has(task.type)
export const makes = (task: Task): boolean => task.failed === false && MAKES.has(task.type)
/** Proxmox VE's own words for tasks about one guest. */
export const isAboutGuest = (task: Task): boolean =>
  /^\d{1,9}$/.test(task.id) && /^(qm|vz|resize$|move_volume$|pull_file$)/.test(task.type)
/** After it the list of a storage's backups is another one. */
export const changesBackups = (task: Task): boolean =>
  task.end_ms !== undefined && /^(vzdump|imgdel|prunebackups|download|imgcopy)$/.test(task.type)

/** One thing to tell of a guest at an instant; `content` null: from then on it isn't there. */
export interface Change {
  at_ms: number
  change: string
  content: Partial<Content> | null
}

/** Where the guest is now, if it is anywhere. */
export interface Place {
  /** the node on which it was before the task, as far as we know */
  from: string
  now: string | undefined
}

/** What a finished task says of its guest, by the node on which it says it. */
export function changesOf(task: Task, { from, now }: Place): (Change & { node: string })[] {
  const { type, start_ms, end_ms } = task
  if (end_ms === undefined) return []
  if (task.failed !== false) return [{ node: now ?? from, at_ms: end_ms, change: `${type} failed`, content: {} }]
  // a number that was freed may be another guest's by now
  if (ends(task)) return [{ node: from, at_ms: end_ms, change: type, content: null }]
  const moved = moves(task) && now !== undefined && now !== from
  const began: (Change & { node: string })[] =
    LONG.has(type) && end_ms > start_ms
      ? [{ node: moved ? from : (now ?? from), at_ms: start_ms, change: `${type} begun`, content: {} }]
      : []
  if (moved)
    return [
      ...began,
      { node: now, at_ms: end_ms, change: type, content: { host: now } },
      { node: from, at_ms: end_ms, change: type, content: null },
    ]
  const state = outcome(task)
  return [...began, { node: now ?? from, at_ms: end_ms, change: type, content: state === undefined ? {} : { state } }]
}
