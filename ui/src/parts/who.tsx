/** Who is signed in, as what; and the switch for one who belongs to several places. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import { Show } from 'solid-js'
import { api, type Session } from '../api.ts'
import { t } from '../i18n/language.ts'
import { SelectField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { asApiError } from '../problem.ts'
import { queries } from '../queries.ts'
import { lineOf } from './problem-text.ts'
import { roleName } from './role-options.ts'

type Membership = NonNullable<Session['person']>['memberships'][number]
const titleOf = (one: Membership) => `${one.account?.name ?? t('invitation.installation')} · ${roleName(one)}`

/** A whole load: nothing that was read as something else stays in memory. */
const switchTo = (id: string) =>
  api.switchMembership(id).then(
    () => location.assign(paths.overview),
    (error: unknown) => tell(lineOf(asApiError(error)), 'bad', t('common.close')),
  )

export function Who() {
  const session = useQuery(() => queries.session())
  const person = () => (session.status === 'success' ? session.data.person : null)
  const several = () => {
    const all = person()?.memberships ?? []
    return all.length > 1 ? all : undefined
  }
  return (
    <Show when={person()}>
      <A href={paths.profile} class="truncate px-1 text-[0.8125rem] text-muted hover:text-text" title={person()?.email}>
        {session.data?.actor.name}
      </A>
      <Show when={several()}>
        {(all) => (
          <SelectField
            label={t('people.act_as')}
            hideLabel
            value={all().find((one) => one.active)?.id ?? ''}
            options={all().map((one) => ({ value: one.id, label: titleOf(one) }))}
            onChange={(id) => void switchTo(id)}
          />
        )}
      </Show>
    </Show>
  )
}
