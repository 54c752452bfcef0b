/** A word with a colour, never a colour alone. */
import type { JSX } from 'solid-js'

export type Tone = 'ok' | 'warn' | 'bad' | 'accent' | 'idle'

const SOFT: Record<Tone, string> = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  accent: 'bg-accent-soft text-accent-text',
  idle: 'bg-sunken text-muted',
}
const MARK: Record<Tone, string> = {
  ok: 'bg-ok-mark',
  warn: 'bg-warn-mark',
  bad: 'bg-bad-mark',
  accent: 'bg-accent',
  idle: 'bg-idle-mark',
}

/** `wraps`: a sentence of its own, where a narrow screen has no room for one line. */
export const Badge = (props: { tone: Tone; children: JSX.Element; title?: string; wraps?: boolean }) => (
  <span
    title={props.title}
    class={`inline-flex items-center rounded-md px-1.5 py-0.5 text-xs font-medium ${props.wraps ? '' : 'whitespace-nowrap'} ${SOFT[props.tone]}`}
  >
    {props.children}
  </span>
)

/** A dot and a word: calmer than a badge, for columns. */
export const Status = (props: { tone: Tone; children: JSX.Element; title?: string }) => (
  <span class="inline-flex items-center gap-2 whitespace-nowrap" title={props.title}>
    <span aria-hidden="true" class={`size-2 shrink-0 rounded-full ${MARK[props.tone]}`} />
    {props.children}
  </span>
)
