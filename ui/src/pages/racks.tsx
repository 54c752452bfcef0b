/** Racks by site, and the units of the chosen one. */
import { A, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import Server from 'lucide-solid/icons/server'
import { createMemo, For, Show } from 'solid-js'
import { hardwareQueries, type Rack } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { BackLink } from '../parts/back.tsx'
import { HardwareTabs } from '../parts/hardware-tabs.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { RackDialog } from '../parts/rack-dialogs.tsx'
import { RackElevation } from '../parts/rack-elevation.tsx'
import { paths } from '../paths.ts'

export default function Racks() {
  const [search, setSearch] = useSearchParams()
  const may = createMay()
  const query = useQuery(() => hardwareQueries.racks())
  const asked = () => (typeof search['rack'] === 'string' ? search['rack'] : '')
  const set = (changes: Record<string, string | undefined>) => setSearch(changes, { replace: true, scroll: false })
  const add = () => set({ add: '1' })
  return (
    <Page
      title={t('racks.title')}
      lead={t('racks.lead')}
      above={<BackLink href={paths.resources()} label={t('nav.resources')} />}
      curl={asked() ? ['/hardware/racks', `/hardware/racks/${asked()}`] : ['/hardware/racks']}
      actions={
        <Button variant="primary" icon={<Plus size={16} />} onClick={add} {...may('agents.write')}>
          {t('racks.add')}
        </Button>
      }
    >
      <HardwareTabs />
      <Load query={query}>
        {(data) => {
          const chosen = createMemo(() => data().items.find(({ id }) => id === asked()) ?? data().items[0])
          return (
            <Show
              when={chosen()}
              fallback={
                <div class="card">
                  <EmptyState
                    icon={<Server size={20} />}
                    title={t('racks.empty')}
                    text={t('racks.empty_text')}
                    action={<Button onClick={add}>{t('racks.add')}</Button>}
                  />
                </div>
              }
            >
              {(rack) => (
                <div class="grid items-start gap-4 lg:grid-cols-[18rem_minmax(0,1fr)]">
                  <Sites racks={data().items} chosen={rack().id} />
                  <RackElevation id={rack().id} />
                </div>
              )}
            </Show>
          )
        }}
      </Load>
      <Show when={search['add']}>
        <RackDialog onDone={({ id }) => set({ rack: id, add: undefined })} onClose={() => set({ add: undefined })} />
      </Show>
    </Page>
  )
}

function Sites(props: { racks: readonly Rack[]; chosen: string }) {
  const sites = createMemo(() => [...Map.groupBy(props.racks, ({ site }) => site)])
  return (
    <nav aria-label={t('racks.title')} class="card max-h-80 overflow-y-auto p-2 lg:max-h-none">
      <For each={sites()}>
        {([site, racks]) => (
          <section class="pb-2 last:pb-0">
            <h2 class="px-2 py-1 text-[0.8125rem] font-medium text-muted">{site}</h2>
            <ul class="m-0 list-none p-0">
              <For each={racks}>
                {(rack) => (
                  <li>
                    <A
                      href={paths.rack(rack.id)}
                      aria-current={rack.id === props.chosen ? 'true' : undefined}
                      class={`flex flex-wrap items-center gap-x-2 rounded-md px-2 py-1.5 text-sm hover:bg-hover ${rack.id === props.chosen ? 'bg-hover font-medium' : ''}`}
                    >
                      <span class="min-w-0 break-all">{rack.name}</span>
                      <Show when={rack.differences > 0}>
                        <Badge tone="warn">{t('racks.differences', rack.differences)}</Badge>
                      </Show>
                      <span class="tabular ml-auto text-[0.8125rem] font-normal text-muted">
                        {rack.units_taken}/{rack.unit_count} U
                      </span>
                    </A>
                  </li>
                )}
              </For>
            </ul>
          </section>
        )}
      </For>
    </nav>
  )
}
