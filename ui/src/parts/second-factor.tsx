/** The second factor: on or off, and new recovery codes. */
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal, Match, Show, Switch } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { tell } from '../kit/toast.tsx'
import { PasswordDialog } from './password-dialog.tsx'
import { Section } from './page.tsx'
import { RecoveryCodes, TotpSetUp } from './totp.tsx'

type Open =
  { what: 'ask_on' | 'off' | 'ask_codes' } | { what: 'set_up'; password: string } | { what: 'codes'; codes: string[] }

export function SecondFactor(props: { isOn: boolean }) {
  const client = useQueryClient()
  const [open, setOpen] = createSignal<Open>()
  const close = () => setOpen(undefined)
  const changed = (text: string) => {
    tell(text, 'ok', t('common.close'))
    for (const key of ['profile', 'session', 'people']) void client.invalidateQueries({ queryKey: [key] })
    close()
  }
  const is = <W extends Open['what']>(what: W) => {
    const one = open()
    return one?.what === what ? (one as Extract<Open, { what: W }>) : undefined
  }
  return (
    <Section
      title={t('totp.title')}
      actions={<Badge tone={props.isOn ? 'ok' : 'idle'}>{props.isOn ? t('totp.on') : t('totp.off')}</Badge>}
    >
      <div class="flex flex-col items-start gap-3 p-4">
        <p class="m-0 text-sm text-muted text-pretty">{t('totp.lead')}</p>
        <div class="flex flex-wrap gap-2">
          <Show
            when={props.isOn}
            fallback={<Button onClick={() => setOpen({ what: 'ask_on' })}>{t('totp.turn_on')}</Button>}
          >
            <Button onClick={() => setOpen({ what: 'ask_codes' })}>{t('totp.new_codes')}</Button>
            <Button onClick={() => setOpen({ what: 'off' })}>{t('totp.turn_off')}</Button>
          </Show>
        </div>
      </div>
      <Switch>
        <Match when={is('ask_on')}>
          <PasswordDialog
            title={t('totp.turn_on')}
            lead={t('password.once_more')}
            button={t('common.next')}
            // asked for again by the set-up itself
            run={async () => {}}
            onDone={(password) => setOpen({ what: 'set_up', password })}
            onClose={close}
          />
        </Match>
        <Match when={is('set_up')}>
          {(one) => (
            <Dialog open onClose={close} closeLabel={t('common.close')} title={t('totp.turn_on')}>
              <div class="flex flex-col gap-4">
                <TotpSetUp password={one().password} onDone={() => changed(t('totp.is_on'))} />
              </div>
            </Dialog>
          )}
        </Match>
        <Match when={is('off')}>
          <PasswordDialog
            title={t('totp.turn_off')}
            lead={t('totp.turn_off_lead')}
            button={t('totp.turn_off')}
            run={api.stopTotp}
            onDone={() => changed(t('totp.is_off'))}
            onClose={close}
          />
        </Match>
        <Match when={is('ask_codes')}>
          <PasswordDialog
            title={t('totp.new_codes')}
            lead={t('totp.new_codes_lead')}
            button={t('totp.new_codes')}
            run={async (password) =>
              setOpen({ what: 'codes', codes: (await api.renewRecoveryCodes(password)).recovery_codes })
            }
            onDone={() => {}}
            onClose={close}
          />
        </Match>
        <Match when={is('codes')}>
          {(one) => (
            <Dialog open onClose={close} closeLabel={t('common.close')} title={t('totp.recovery')}>
              <RecoveryCodes codes={one().codes} />
            </Dialog>
          )}
        </Match>
      </Switch>
    </Section>
  )
}
