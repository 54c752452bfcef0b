/** Where a machine stands, as people said, and where its BMC says another place. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import { Show } from 'solid-js'
import { hardwareQueries } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { paths } from '../paths.ts'
import { toldText, unitsText } from './rack-units.ts'

export function RackPlace(props: { resource: { id: string } }) {
  const query = useQuery(() => hardwareQueries.mountsOf(props.resource.id))
  const now = () => (query.status === 'success' ? query.data?.items.find(({ to }) => to === null) : undefined)
  return (
    <Show when={now()}>
      {(mount) => (
        <div class="border-t border-line p-4">
          <h3 class="mb-1 text-[0.8125rem] font-medium text-muted">{t('racks.stands')}</h3>
          <p class="m-0">
            <A href={paths.rack(mount().rack.id)} class="link font-medium">
              {mount().rack.name} {unitsText(mount())}
            </A>
            <span class="text-muted"> · {mount().rack.site}</span>
          </p>
          <Show when={mount().differs && mount().told}>
            {(told) => <p class="m-0 text-[0.8125rem] text-warn">{t('racks.differs', { place: toldText(told()) })}</p>}
          </Show>
        </div>
      )}
    </Show>
  )
}
