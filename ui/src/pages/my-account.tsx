/** A tenant's account: who is billed, its API keys, and how this browser shows things. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { type Account, api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { tell } from '../kit/toast.tsx'
import { createParty, emptyParty, PARTY_POINTERS, partyBody, PartyFieldset } from '../parts/account-fields.tsx'
import { ApiKeys } from '../parts/api-keys.tsx'
import { LanguageChoice, ThemeChoice } from '../parts/appearance.tsx'
import { createSubmit } from '../parts/form.ts'
import { Load, ProblemNote } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { ProjectList } from '../parts/projects.tsx'
import { SettingsTabs } from '../parts/settings-tabs.tsx'
import { createTenant } from '../parts/tenant.ts'
import { TaxStatusField, VatCheck } from '../parts/vat-status.tsx'
import { queries } from '../queries.ts'

export default function MyAccount() {
  const tenant = createTenant()
  return (
    <Page title={t('my.account')} above={<SettingsTabs />} curl={['/accounts', '/api-keys']}>
      <div class="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <div class="flex min-w-0 flex-col gap-4">
          <Show when={tenant.account()}>{(account) => <Details account={account().id} />}</Show>
          <Show when={tenant.account()}>{(account) => <Projects account={account().id} />}</Show>
          <Show when={tenant.has('keys.read')}>
            <ApiKeys />
          </Show>
        </div>
        <Section title={t('settings.appearance')}>
          <div class="flex flex-col gap-4 p-4">
            <ThemeChoice />
            <LanguageChoice />
          </div>
        </Section>
      </div>
    </Page>
  )
}

function Projects(props: { account: string }) {
  const accounts = useQuery(() => queries.accounts())
  return (
    <Section title={t('projects.title')} lead={t('projects.lead')}>
      <Load query={accounts}>
        {(data) => (
          <Show when={data().items.find((one) => one.id === props.account)}>
            {(account) => <ProjectList account={account()} />}
          </Show>
        )}
      </Load>
    </Section>
  )
}

function Details(props: { account: string }) {
  const accounts = useQuery(() => queries.accounts())
  return (
    <Section title={t('my.details')} lead={t('my.details_lead')}>
      <Load query={accounts}>
        {(data) => (
          <Show when={data().items.find((one) => one.id === props.account)} keyed>
            {(account) => <DetailsForm account={account} />}
          </Show>
        )}
      </Load>
    </Section>
  )
}

function DetailsForm(props: { account: Account }) {
  const client = useQueryClient()
  const may = createMay()
  const tenant = createTenant()
  const [party, setParty] = createParty(props.account, emptyParty())
  const [status, setStatus] = createSignal(props.account.tax_status)
  const form = createSubmit({
    run: () => api.changeAccount(props.account.id, { ...partyBody(party), tax_status: status() }),
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      for (const key of ['accounts', 'drafts', 'session']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  return (
    <form
      class="flex flex-col gap-5 p-4"
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit(undefined)
      }}
    >
      <PartyFieldset fields={party} set={setParty} errorAt={form.fieldError} />
      <TaxStatusField value={status()} onChange={setStatus} />
      <Show when={tenant.has('billing.read')}>
        <VatCheck account={props.account} />
      </Show>
      <Show when={form.restError(PARTY_POINTERS)}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <div>
        <Button
          type="submit"
          variant="primary"
          busy={form.busy()}
          disabled={!party.name.trim()}
          {...may('accounts.write')}
        >
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
