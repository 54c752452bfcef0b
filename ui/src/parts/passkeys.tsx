/** Passkeys: a device that signs in by itself, unlocked by its owner. */
import { useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import Trash2 from 'lucide-solid/icons/trash'
import { createSignal, For, Show } from 'solid-js'
import { api, type Profile } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { hasPasskeys, makePasskey } from '../webauthn.ts'
import { Confirm } from './confirm.tsx'
import { Section } from './page.tsx'
import { PasswordDialog } from './password-dialog.tsx'

type Passkey = Profile['passkeys'][number]

export function Passkeys(props: { passkeys: Passkey[] }) {
  const client = useQueryClient()
  const [adding, setAdding] = createSignal(false)
  const [removing, setRemoving] = createSignal<Passkey>()
  const [name, setName] = createSignal('')
  const stale = () => void client.invalidateQueries({ queryKey: ['profile'] })
  const add = async (password: string) => {
    const answer = await makePasskey(await api.newPasskeyOptions(password))
    await api.addPasskey(name().trim() || t('passkeys.unnamed'), answer)
  }
  return (
    <Section
      title={t('passkeys.title')}
      actions={
        <Button
          size="small"
          icon={<Plus size={15} />}
          disabled={!hasPasskeys()}
          title={hasPasskeys() ? undefined : t('passkeys.impossible')}
          onClick={() => setAdding(true)}
        >
          {t('passkeys.add')}
        </Button>
      }
    >
      <Show
        when={props.passkeys.length > 0}
        fallback={<p class="m-0 p-4 text-sm text-muted text-pretty">{t('passkeys.lead')}</p>}
      >
        <ul class="m-0 list-none p-0">
          <For each={props.passkeys}>
            {(one) => (
              <li class="flex items-center justify-between gap-3 border-b border-line px-4 py-2 text-sm last:border-b-0">
                <span class="min-w-0">
                  <span class="block font-medium break-words">{one.name}</span>
                  <Show when={one.created_at}>
                    {(at) => <span class="block text-[0.8125rem] text-muted">{say.instant(at())}</span>}
                  </Show>
                </span>
                <IconButton label={t('passkeys.remove', { name: one.name })} onClick={() => setRemoving(one)}>
                  <Trash2 size={16} />
                </IconButton>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={adding()}>
        <PasswordDialog
          title={t('passkeys.add')}
          lead={t('password.once_more')}
          button={t('passkeys.add')}
          run={add}
          onDone={() => {
            tell(t('passkeys.added'), 'ok', t('common.close'))
            setName('')
            setAdding(false)
            stale()
          }}
          onClose={() => setAdding(false)}
        >
          <TextField
            label={t('passkeys.name')}
            hint={t('passkeys.name_hint')}
            maxlength={200}
            value={name()}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </PasswordDialog>
      </Show>
      <Show when={removing()} keyed>
        {(one) => (
          <Confirm
            title={t('passkeys.remove', { name: one.name })}
            text={t('passkeys.remove_text')}
            button={t('common.remove')}
            run={() => api.removePasskey(one.id)}
            onClose={() => setRemoving(undefined)}
            onDone={() => {
              setRemoving(undefined)
              stale()
            }}
          />
        )}
      </Show>
    </Section>
  )
}
