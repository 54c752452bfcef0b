/** Parts as a table: what each is, its state, and where it lies or is installed. */
import { A } from '@solidjs/router'
import { Show } from 'solid-js'
import type { Part, PartHistory, PartState } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { paths } from '../paths.ts'

const TONES: Record<PartState, Tone> = { installed: 'ok', in_stock: 'accent', retired: 'idle', missing: 'warn' }
export const PartBadge = (props: { state: PartState }) => (
  <Badge tone={TONES[props.state]}>{t(`hardware.state_${props.state}`)}</Badge>
)

export const TYPES = [
  'cpu',
  'dimm',
  'disk',
  'nic',
  'psu',
  'gpu',
  'accelerator',
  'controller',
  'battery',
  'chassis',
] as const
/** Types are free words: those that connectors use have a text. */
export function typeText(type: string): string {
  const known = TYPES.find((one) => one === type)
  return known ? t(`hardware.type_${known}`) : type
}

type Whereabouts = Pick<PartHistory['steps'][number], 'machine' | 'slot' | 'site' | 'place' | 'conflict'>
export const Where = (props: { of: Whereabouts }) => {
  const place = () => [props.of.site, props.of.place].filter(Boolean).join(' · ')
  return (
    <span class="flex flex-col gap-0.5 [overflow-wrap:anywhere]">
      <Show when={props.of.machine}>
        {(machine) => (
          <span>
            <Show when={machine().id} fallback={machine().name}>
              {(id) => (
                <A href={paths.resource(id())} class="link font-medium">
                  {machine().name}
                </A>
              )}
            </Show>
            <Show when={props.of.slot}>
              <span class="text-muted"> · {props.of.slot}</span>
            </Show>
          </span>
        )}
      </Show>
      <Show when={place()}>
        {(text) => <span class={props.of.machine ? 'text-[0.8125rem] text-muted' : ''}>{text()}</span>}
      </Show>
      <Show when={props.of.conflict}>
        {(conflict) => <span class="text-[0.8125rem] text-warn">{t(`hardware.conflict_${conflict()}`)}</span>}
      </Show>
    </span>
  )
}

const Kind = (props: { of: Part }) => (
  <span class="flex flex-col gap-0.5">
    <span>{typeText(props.of.type)}</span>
    <span class="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
      {[props.of.manufacturer, props.of.model].filter(Boolean).join(' ')}
    </span>
  </span>
)

export function PartTable(props: { parts: readonly Part[]; onOpen: (part: Part) => void }) {
  const columns = (): TableColumn<Part>[] => [
    {
      id: 'serial',
      header: t('hardware.serial'),
      class: 'sm:min-w-40',
      cell: (part) => (
        <>
          <button
            type="button"
            class="link text-left font-mono text-[0.8125rem] break-all"
            aria-label={t('hardware.open', { type: typeText(part.type), serial: part.serial })}
            onClick={() => props.onOpen(part)}
          >
            {part.serial}
          </button>
          <span class="mt-1 flex flex-col items-start gap-1 sm:hidden">
            <Kind of={part} />
            <PartBadge state={part.state} />
          </span>
        </>
      ),
    },
    { id: 'type', header: t('hardware.type'), wideOnly: true, cell: (part) => <Kind of={part} /> },
    {
      id: 'state',
      header: t('hardware.state'),
      wideOnly: true,
      class: 'w-32',
      cell: (part) => <PartBadge state={part.state} />,
    },
    { id: 'where', header: t('hardware.where'), class: 'sm:min-w-40', cell: (part) => <Where of={part} /> },
    {
      id: 'since',
      header: t('hardware.since'),
      wideOnly: true,
      class: 'w-48 whitespace-nowrap',
      cell: (part) => (
        <span class="flex flex-col gap-0.5">
          <span title={say.preciseInstant(part.since)}>{say.instant(part.since)}</span>
          <Show when={part.silent_since}>
            {(at) => <span class="text-[0.8125rem] text-muted">{t('hardware.silent', { at: say.instant(at()) })}</span>}
          </Show>
        </span>
      ),
    },
  ]
  return <Table label={t('hardware.parts')} columns={columns()} rows={props.parts} />
}
