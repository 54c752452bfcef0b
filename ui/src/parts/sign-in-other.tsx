/** Signing in without a password: by a passkey, or by a provider of single sign-on. */
import { useQuery } from '@tanstack/solid-query'
import KeyRound from 'lucide-solid/icons/key-round'
import LogIn from 'lucide-solid/icons/log-in'
import { For, Show } from 'solid-js'
import { api, type Session } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { queries } from '../queries.ts'
import { hasPasskeys, usePasskey, wasCancelled } from '../webauthn.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

interface Props {
  next: string
  onDone: (session: Session) => void
  /** one who is new has none */
  withoutPasskey?: boolean
}

export function OtherWays(props: Props) {
  const options = useQuery(() => queries.signInOptions())
  const providers = () => (options.status === 'success' ? options.data.providers : [])
  const passkey = createSubmit({
    run: async () => {
      const offered = await api.passkeyOptions()
      const answer = await usePasskey(offered).catch((error: unknown) => {
        if (wasCancelled(error)) return null
        throw error
      })
      return answer && (await api.signInByPasskey(answer))
    },
    onDone: (signedIn) => signedIn?.session && props.onDone(signedIn.session),
  })
  const provider = createSubmit({
    run: (id: string) => api.beginSso(id, props.next),
    onDone: ({ url }) => location.assign(url),
  })
  return (
    <div class="flex flex-col gap-2">
      <Show when={passkey.error() ?? provider.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <Show when={!props.withoutPasskey && hasPasskeys()}>
        <Button icon={<KeyRound size={16} />} busy={passkey.busy()} onClick={() => void passkey.submit(undefined)}>
          {t('sign_in.passkey')}
        </Button>
      </Show>
      <For each={providers()}>
        {(one) => (
          <Button icon={<LogIn size={16} />} busy={provider.busy()} onClick={() => void provider.submit(one.id)}>
            {t('sign_in.by_provider', { name: one.name })}
          </Button>
        )}
      </For>
    </div>
  )
}
