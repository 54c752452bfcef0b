/** When sessions end that nobody uses: for owners of the installation. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createStore } from 'solid-js/store'
import { Show } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { Section } from './page.tsx'

type Values = Awaited<ReturnType<typeof api.sessionSettings>>
const POINTERS = ['/staff_idle_hours', '/tenant_idle_hours']

export function SessionSettings() {
  const query = useQuery(() => queries.sessionSettings())
  return (
    <Section title={t('session_settings.title')} lead={t('session_settings.lead')}>
      <Load query={query}>{(data) => <Fields values={data()} />}</Load>
    </Section>
  )
}

function Fields(props: { values: Values }) {
  const client = useQueryClient()
  const [fields, setFields] = createStore({
    staff_idle_hours: String(props.values.staff_idle_hours),
    tenant_idle_hours: String(props.values.tenant_idle_hours),
  })
  const form = createSubmit({
    run: () =>
      api.changeSessionSettings({
        staff_idle_hours: Number(fields.staff_idle_hours),
        tenant_idle_hours: Number(fields.tenant_idle_hours),
      }),
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      void client.invalidateQueries({ queryKey: ['session-settings'] })
    },
  })
  const hours = (name: keyof Values) => ({
    type: 'number',
    min: 1,
    max: 168,
    required: true,
    value: fields[name],
    error: form.fieldError(`/${name}`),
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement }) => setFields(name, event.currentTarget.value),
  })
  return (
    <form
      class="flex flex-col gap-4 p-4"
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit(undefined)
      }}
    >
      <TextField label={t('session_settings.staff')} {...hours('staff_idle_hours')} />
      <TextField label={t('session_settings.tenants')} {...hours('tenant_idle_hours')} />
      <Show when={form.restError(POINTERS)}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <div>
        <Button type="submit" variant="primary" busy={form.busy()}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
