/** One rack as its units from the top: machines, what is free, and where a BMC says another place. */
import { A } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Pencil from 'lucide-solid/icons/pencil'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, For, Show } from 'solid-js'
import { hardwareApi, hardwareQueries, type RackDetail, type RackMount } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { Confirm } from './confirm.tsx'
import { Load } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { MountDialog, type Mounting, RackDialog } from './rack-dialogs.tsx'
import { toldText, unitRows, unitsText } from './rack-units.ts'
import { ResourceState } from './state.tsx'

export function RackElevation(props: { id: string }) {
  const query = useQuery(() => hardwareQueries.rack(props.id))
  return <Load query={query}>{(data) => <Elevation detail={data()} />}</Load>
}

function Elevation(props: { detail: RackDetail }) {
  const client = useQueryClient()
  const may = createMay()
  const [mounting, setMounting] = createSignal<Mounting>()
  const [leaving, setLeaving] = createSignal<RackMount>()
  const [editing, setEditing] = createSignal(false)
  const rack = () => props.detail.rack
  return (
    <div class="flex min-w-0 flex-col gap-4">
      <Section
        title={rack().name}
        lead={`${rack().site} · ${t('racks.free', rack().unit_count - rack().units_taken)}`}
        actions={
          <>
            <Button size="small" icon={<Pencil size={15} />} onClick={() => setEditing(true)} {...may('agents.write')}>
              {t('racks.edit')}
            </Button>
            <Button size="small" icon={<Plus size={15} />} onClick={() => setMounting({})} {...may('agents.write')}>
              {t('racks.mount')}
            </Button>
          </>
        }
      >
        <table class="w-full table-fixed text-sm" aria-label={t('racks.units_of', { name: rack().name })}>
          <colgroup>
            <col class="w-14" />
            <col />
          </colgroup>
          <tbody>
            <For each={unitRows(rack().unit_count, props.detail.mounts)}>
              {({ unit, mount }) => (
                <tr class="h-8">
                  <th
                    scope="row"
                    class="tabular border-r border-b border-line pr-2 text-right text-xs font-normal text-muted"
                  >
                    U{unit}
                  </th>
                  <Show when={mount !== undefined}>
                    <td
                      rowspan={mount?.height_units ?? 1}
                      class={`border-b border-line px-3 align-middle ${mount ? 'bg-sunken' : ''}`}
                    >
                      <Show when={mount} fallback={<span class="text-xs text-muted">{t('racks.unit_free')}</span>}>
                        {(one) => <Mounted mount={one()} onLeave={() => setLeaving(one())} />}
                      </Show>
                    </td>
                  </Show>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Section>
      <Show when={props.detail.told.length > 0}>
        <Section title={t('racks.told')} lead={t('racks.told_lead')}>
          <ul class="m-0 list-none p-0">
            <For each={props.detail.told}>
              {({ machine, told }) => (
                <li class="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 last:border-0">
                  <A href={paths.resource(machine.id)} class="link min-w-0 font-medium break-all">
                    {machine.name}
                  </A>
                  <span class="text-[0.8125rem] text-muted">{toldText(told)}</span>
                  <Button
                    size="small"
                    class="ml-auto"
                    aria-label={t('racks.mount_one', { name: machine.name })}
                    onClick={() => setMounting({ machine, ...(told.unit !== null && { unit: told.unit }) })}
                    {...may('agents.write')}
                  >
                    {t('racks.mount')}
                  </Button>
                </li>
              )}
            </For>
          </ul>
        </Section>
      </Show>
      <Show when={mounting()}>
        {(wanted) => <MountDialog detail={props.detail} wanted={wanted()} onClose={() => setMounting(undefined)} />}
      </Show>
      <Show when={editing()}>
        <RackDialog rack={rack()} onClose={() => setEditing(false)} />
      </Show>
      <Show when={leaving()}>
        {(mount) => (
          <Confirm
            title={t('racks.unmount_title', { name: mount().machine.name })}
            text={t('racks.unmount_text', { rack: rack().name, units: unitsText(mount()) })}
            button={t('racks.unmount')}
            run={() => hardwareApi.unmount(mount().id)}
            onDone={() => {
              tell(t('racks.unmounted', { name: mount().machine.name }), 'ok', t('common.close'))
              for (const key of ['racks', 'parts']) void client.invalidateQueries({ queryKey: [key] })
              setLeaving(undefined)
            }}
            onClose={() => setLeaving(undefined)}
          />
        )}
      </Show>
    </div>
  )
}

function Mounted(props: { mount: RackMount; onLeave: () => void }) {
  const may = createMay()
  return (
    <div class="flex flex-wrap items-center gap-x-3 gap-y-0.5 py-0.5">
      <A href={paths.resource(props.mount.machine.id)} class="link min-w-0 font-medium break-all">
        {props.mount.machine.name}
      </A>
      <ResourceState state={props.mount.machine.state} ended={props.mount.machine.ended} />
      <Show when={props.mount.differs && props.mount.told}>
        {(told) => <span class="text-[0.8125rem] text-warn">{t('racks.differs', { place: toldText(told()) })}</span>}
      </Show>
      <Button
        size="small"
        variant="ghost"
        class="ml-auto"
        aria-label={t('racks.unmount_one', { name: props.mount.machine.name })}
        onClick={() => props.onLeave()}
        {...may('agents.write')}
      >
        {t('racks.unmount')}
      </Button>
    </div>
  )
}
