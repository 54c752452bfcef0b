/** Erasing a person, for ever: what goes, what stays, and a wish that is typed. */
import { useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import { createSignal, For, type JSX, Show } from 'solid-js'
import { api, type ErasurePreview } from '../api.ts'
import { links } from '../links.ts'
import { t } from '../i18n/language.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { roleName } from './role-options.ts'

interface Props {
  /** null: oneself */
  person_id: string | null
  onDone: (name: string) => void
  onClose: () => void
}

export function ErasureDialog(props: Props) {
  const query = useQuery(() => queries.erasure(props.person_id))
  const [typed, setTyped] = createSignal('')
  /** the reason, or one's own password */
  const [said, setSaid] = createSignal('')
  const preview = () => (query.status === 'success' ? query.data : undefined)
  const name = () => preview()?.person.name ?? ''
  const isReady = () => preview()?.obstacle === null && typed().trim() === name().trim() && said().trim() !== ''
  const form = createSubmit({
    run: () => (props.person_id === null ? api.eraseMyself(said()) : api.erasePerson(props.person_id, said().trim())),
    onDone: () => props.onDone(name()),
  })
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={props.person_id === null ? t('erasure.title_own') : t('erasure.title', { name: name() })}
      lead={t('erasure.lead')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="erasure-form" variant="danger" busy={form.busy()} disabled={!isReady()}>
            {t('erasure.erase')}
          </Button>
        </>
      }
    >
      <Load query={query}>
        {(data) => (
          <form
            id="erasure-form"
            class="flex flex-col gap-4"
            onSubmit={(event) => {
              event.preventDefault()
              if (isReady()) void form.submit(undefined)
            }}
          >
            <Effects preview={data()} />
            <DataLink person_id={props.person_id} />
            <Show when={data().obstacle === null} fallback={<Obstacle preview={data()} />}>
              <Show
                when={props.person_id === null}
                fallback={
                  <TextField
                    label={t('erasure.reason')}
                    hint={t('erasure.reason_hint')}
                    maxlength={500}
                    value={said()}
                    error={form.fieldError('/reason')}
                    onInput={(event) => setSaid(event.currentTarget.value)}
                  />
                }
              >
                <TextField
                  label={t('password.current')}
                  type="password"
                  autocomplete="current-password"
                  maxlength={1000}
                  value={said()}
                  error={form.fieldError('/password') && t('password.wrong')}
                  onInput={(event) => setSaid(event.currentTarget.value)}
                />
              </Show>
              <TextField
                label={t('erasure.type_name', { name: name() })}
                value={typed()}
                onInput={(event) => setTyped(event.currentTarget.value)}
              />
            </Show>
            <Show when={form.restError(['/reason', '/password'])}>
              {(problem) => <ProblemNote error={problem()} />}
            </Show>
          </form>
        )}
      </Load>
    </Dialog>
  )
}

const Obstacle = (props: { preview: ErasurePreview }) => (
  <p role="alert" class="m-0 text-sm font-medium break-words text-bad">
    <Show when={props.preview.obstacle}>
      {(one) => t(`erasure.obstacle_${one().code}`, { account: one().account?.name ?? '' })}
    </Show>
  </p>
)

export const DataLink = (props: { person_id: string | null }) => (
  <div>
    <a class={buttonClass()} href={links.personData(props.person_id)} download="personal-data.json" rel="external">
      <Download size={16} />
      {t('erasure.data')}
    </a>
  </div>
)

const List = (props: { title: string; children: JSX.Element }) => (
  <section class="min-w-0">
    <h3 class="m-0 text-sm font-semibold">{props.title}</h3>
    <ul class="m-0 mt-1 flex list-disc flex-col gap-0.5 pl-5 text-sm break-words">{props.children}</ul>
  </section>
)

function Effects(props: { preview: ErasurePreview }) {
  const goes = () => props.preview.goes
  const stays = () => props.preview.stays
  return (
    <div class="grid gap-4 sm:grid-cols-2">
      <List title={t('erasure.goes')}>
        <li>{t('erasure.name_and_email', { email: props.preview.person.email })}</li>
        <For each={goes().memberships}>
          {(one) => (
            <li>{`${t('erasure.membership')}: ${one.account ? `${one.account.name} · ` : ''}${roleName(one)}`}</li>
          )}
        </For>
        <li>{t('erasure.sessions', { count: goes().sessions })}</li>
        <li>{t('erasure.sign_in', { passkeys: goes().passkeys, totp: t(goes().totp ? 'totp.on' : 'totp.off') })}</li>
        <li>{t('erasure.invitations', { count: goes().invitations })}</li>
      </List>
      <List title={t('erasure.stays')}>
        <li>{t('erasure.records', { count: stays().records })}</li>
        <Show when={stays().old_records > 0}>
          <li class="font-medium text-warn">{t('erasure.old_records', { count: stays().old_records })}</li>
        </Show>
        <For each={stays().keys}>{(key) => <li>{t('erasure.key', { name: key.name })}</li>}</For>
        <li>{t('erasure.documents')}</li>
        <li>{t('erasure.backups')}</li>
      </List>
    </div>
  )
}
