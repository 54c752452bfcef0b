/** Adding and changing a rack, and putting a machine into one. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, For } from 'solid-js'
import { createStore } from 'solid-js/store'
import { hardwareApi, type Rack, type RackDetail } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { freeUnit } from './rack-units.ts'

const UNITS_MAX = 60

/** `rack` is the one to change; a new one otherwise. */
export function RackDialog(props: { rack?: Rack; site?: string; onDone?: (rack: Rack) => void; onClose: () => void }) {
  const client = useQueryClient()
  const [fields, setFields] = createStore({
    site: props.rack?.site ?? props.site ?? '',
    name: props.rack?.name ?? '',
    unit_count: String(props.rack?.unit_count ?? 42),
  })
  const form = createSubmit({
    run: () => {
      const wanted = { site: fields.site, name: fields.name, unit_count: Number(fields.unit_count) }
      return props.rack ? hardwareApi.changeRack(props.rack.id, wanted) : hardwareApi.addRack(wanted)
    },
    onDone: (rack) => {
      tell(t('racks.saved', { name: rack.name }), 'ok', t('common.close'))
      for (const key of ['racks', 'parts']) void client.invalidateQueries({ queryKey: [key] })
      if (props.onDone) props.onDone(rack)
      else props.onClose()
    },
  })
  const isReady = () => fields.site.trim() !== '' && fields.name.trim() !== '' && Number(fields.unit_count) >= 1
  return (
    <FormDialog
      title={props.rack ? t('racks.edit') : t('racks.add')}
      form={form}
      shown={['/site', '/name', '/unit_count']}
      ready={isReady()}
      button={props.rack ? t('common.save') : t('common.add')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <For each={['site', 'name', 'unit_count'] as const}>
        {(name) => (
          <TextField
            label={t(`racks.${name}`)}
            {...(name === 'unit_count' && { type: 'number', min: 1, max: UNITS_MAX })}
            required
            value={fields[name]}
            error={form.fieldError(`/${name}`)}
            onInput={(event) => setFields(name, event.currentTarget.value)}
          />
        )}
      </For>
    </FormDialog>
  )
}

/** What is known of a mount before it is asked for. */
export interface Mounting {
  machine?: { id: string; name: string }
  unit?: number
}

export function MountDialog(props: { detail: RackDetail; wanted: Mounting; onClose: () => void }) {
  const client = useQueryClient()
  const count = () => props.detail.rack.unit_count
  const [fields, setFields] = createStore({
    unit: String(props.wanted.unit ?? freeUnit(count(), props.detail.mounts, 1) ?? ''),
    height_units: '1',
  })
  const [chosen, setChosen] = createSignal(props.wanted.machine)
  const form = createSubmit({
    run: () =>
      hardwareApi.mount({
        rack_id: props.detail.rack.id,
        resource_id: chosen()?.id ?? '',
        unit: Number(fields.unit),
        height_units: Number(fields.height_units),
      }),
    onDone: ({ machine }) => {
      tell(t('racks.mounted', { name: machine.name }), 'ok', t('common.close'))
      for (const key of ['racks', 'parts']) void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  const isReady = () => chosen() !== undefined && Number(fields.unit) >= 1 && Number(fields.height_units) >= 1
  return (
    <FormDialog
      title={t('racks.mount_in', { name: props.detail.rack.name })}
      lead={t('racks.mount_lead')}
      form={form}
      shown={['/unit', '/height_units', '/resource_id']}
      ready={isReady()}
      button={t('racks.mount')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <MachineChoice chosen={chosen()} error={form.fieldError('/resource_id')} onChoose={setChosen} />
      <div class="grid grid-cols-2 gap-3">
        <For each={['unit', 'height_units'] as const}>
          {(name) => (
            <TextField
              label={t(`racks.${name}`)}
              type="number"
              min={1}
              max={count()}
              required
              value={fields[name]}
              error={form.fieldError(`/${name}`)}
              onInput={(event) => setFields(name, event.currentTarget.value)}
            />
          )}
        </For>
      </div>
    </FormDialog>
  )
}

interface ChoiceProps {
  chosen: { id: string; name: string } | undefined
  error: string | undefined
  onChoose: (machine: { id: string; name: string }) => void
}
function MachineChoice(props: ChoiceProps) {
  const [text, setText] = createSignal(props.chosen?.name ?? '')
  const query = useQuery(() => queries.foundHosts(text().trim()))
  const found = () => (query.status === 'success' ? (query.data?.items ?? []) : [])
  return (
    <>
      <TextField
        label={t('racks.machine')}
        type="search"
        value={text()}
        error={props.error}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <fieldset class="m-0 flex max-h-48 flex-col gap-1 overflow-y-auto rounded-lg border border-line p-2">
        <legend class="sr-only">{t('racks.machine')}</legend>
        <For
          each={found()}
          fallback={
            <p class="m-0 px-2 text-muted">{t(query.status === 'pending' ? 'common.loading' : 'racks.machine_none')}</p>
          }
        >
          {(one) => (
            <label class="flex cursor-pointer items-start gap-2.5 rounded-md px-2 py-1.5 hover:bg-hover">
              <input
                type="radio"
                name="machine"
                class="mt-1 accent-(--accent)"
                checked={props.chosen?.id === one.id}
                onChange={() => props.onChoose(one)}
              />
              <span class="min-w-0 [overflow-wrap:anywhere]">
                <span class="block">{one.name}</span>
                <span class="block text-[0.8125rem] text-muted">{one.realm}</span>
              </span>
            </label>
          )}
        </For>
      </fieldset>
    </>
  )
}
