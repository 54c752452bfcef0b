/** A replay of a source's window: part after part, with its progress, and what it changed if anything. */
import { createSignal, onCleanup, Show } from 'solid-js'
import { api, type Replay, type SourceDetail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { fromLocalInput, toLocalInput } from '../kit/instant.ts'
import { Table, type TableColumn } from '../kit/table.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { meterText } from './meter-text.ts'
import { Section } from './page.tsx'

const DAY_MS = 86_400_000
const WINDOW_MS_MAX = 31 * DAY_MS
const SHOWN = 100

type Sum = Pick<Replay, 'total' | 'changed' | 'hours'> & { done: number; isOver: boolean }
const NOTHING: Sum = { total: 0, changed: 0, hours: [], done: 0, isOver: false }

const added = (sum: Sum, part: Replay): Sum => ({
  total: Math.max(part.total, sum.done + part.resources),
  changed: sum.changed + part.changed,
  hours: [...sum.hours, ...part.hours].slice(0, SHOWN),
  done: sum.done + part.resources,
  isOver: part.next_cursor === null,
})

export function SourceReplay(props: { source: SourceDetail }) {
  const may = createMay()
  const [from, setFrom] = createSignal(toLocalInput(Date.now() - DAY_MS))
  const [to, setTo] = createSignal(toLocalInput(Date.now()))
  const [sum, setSum] = createSignal<Sum>()
  const left = new AbortController()
  onCleanup(() => left.abort())
  const window = () => ({ from: fromLocalInput(from()), to: fromLocalInput(to()) })
  const isGood = () => {
    const { from: begin, to: end } = window()
    if (begin === null || end === null) return false
    const [first, last] = [Date.parse(begin), Date.parse(end)]
    return first < last && first < Date.now() && last - first <= WINDOW_MS_MAX
  }
  const run = async (asked: { from: string; to: string }) => {
    let so_far = NOTHING
    for (let cursor: string | undefined; !left.signal.aborted;) {
      const part = await api.replaySource(props.source.id, { ...asked, cursor })
      so_far = added(so_far, part)
      setSum(so_far)
      if (part.next_cursor === null) return
      cursor = part.next_cursor
    }
  }
  const form = createSubmit({ run, onDone: () => {} })
  const start = () => {
    const { from: begin, to: end } = window()
    if (begin === null || end === null || !isGood()) return
    setSum(NOTHING)
    void form.submit({ from: begin, to: end })
  }
  return (
    <Section title={t('sources.replay')} lead={t('sources.replay_lead')}>
      <div class="flex flex-col gap-3 px-4 py-3 text-sm">
        <p class="m-0 max-w-2xl text-muted">{t('sources.replay_text')}</p>
        <form
          class="flex flex-wrap items-end gap-3"
          onSubmit={(event) => {
            event.preventDefault()
            start()
          }}
        >
          <TextField
            label={t('sources.replay_from')}
            type="datetime-local"
            value={from()}
            onInput={(event) => setFrom(event.currentTarget.value)}
          />
          <TextField
            label={t('sources.replay_to')}
            type="datetime-local"
            value={to()}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
          <Button type="submit" busy={form.busy()} {...may('agents.write')} disabled={!isGood()}>
            {t('sources.replay_start')}
          </Button>
        </form>
        <Show when={!isGood()}>
          <p class="m-0 text-[0.8125rem] text-bad">{t('sources.replay_window_bad')}</p>
        </Show>
        <Show when={form.error()}>{(error) => <ProblemNote error={error()} />}</Show>
        <Show when={sum()}>{(seen) => <Outcome sum={seen()} />}</Show>
      </div>
      <Show when={sum()?.hours.length}>
        <Table dense label={t('sources.replay')} columns={columns()} rows={sum()?.hours ?? []} />
      </Show>
    </Section>
  )
}

const percentOf = ({ isOver, done, total }: Sum) => (isOver ? 100 : Math.floor((100 * done) / Math.max(1, total)))

const Outcome = (props: { sum: Sum }) => (
  <div role="status" class="flex flex-col gap-1">
    <div class="flex flex-wrap items-center gap-3">
      <div
        role="progressbar"
        aria-label={t('sources.replay')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percentOf(props.sum)}
        class="h-2 w-48 overflow-hidden rounded-full border border-line bg-sunken"
      >
        <div class="h-full rounded-full bg-accent" style={{ width: `${percentOf(props.sum)}%` }} />
      </div>
      <span class="tabular text-muted">
        {t('sources.replay_progress', { done: say.decimal(props.sum.done), total: say.decimal(props.sum.total) })}
      </span>
    </div>
    <Show when={props.sum.isOver}>
      <p class={`m-0 font-medium ${props.sum.changed > 0 ? 'text-warn' : 'text-ok'}`}>
        {props.sum.changed > 0 ? t('sources.replay_changed', props.sum.changed) : t('sources.replay_same')}
      </p>
    </Show>
  </div>
)

type Row = Replay['hours'][number]
const columns = (): TableColumn<Row>[] => [
  { id: 'resource', header: t('sources.replay_resource'), cell: (row) => row.resource.name },
  { id: 'meter', header: t('sources.replay_meter'), cell: (row) => meterText(row.meter) },
  { id: 'hour', header: t('sources.replay_hour'), class: 'whitespace-nowrap', cell: (row) => say.instant(row.hour) },
  {
    id: 'before',
    header: t('sources.replay_before'),
    numeric: true,
    cell: (row) => (row.before === null ? t('sources.replay_none') : say.decimal(row.before)),
  },
  { id: 'after', header: t('sources.replay_after'), numeric: true, cell: (row) => say.decimal(row.after) },
]
