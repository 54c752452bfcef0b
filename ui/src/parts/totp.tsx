/** Setting up an authenticator app: QR code, recovery codes, and the first code as proof. */
import { renderSVG } from 'uqr'
import { createSignal, onMount, Show } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

const secretOf = (uri: string) => new URL(uri).searchParams.get('secret') ?? ''

/** Begins at once: the password was given. */
export function TotpSetUp(props: { password: string; onDone: () => void }) {
  const [code, setCode] = createSignal('')
  const [started, setStarted] = createSignal<{ uri: string; recovery_codes: string[] }>()
  const start = createSubmit({ run: () => api.startTotp(props.password), onDone: setStarted })
  const confirm = createSubmit({ run: () => api.confirmTotp(code().trim()), onDone: () => props.onDone() })
  onMount(() => void start.submit(undefined))
  return (
    <>
      <Show when={start.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <Show when={started()}>
        {(made) => (
          <form
            class="flex flex-col gap-4"
            onSubmit={(event) => {
              event.preventDefault()
              void confirm.submit(undefined)
            }}
          >
            <p class="m-0 text-sm text-muted">{t('totp.scan')}</p>
            <QrCode text={made().uri} label={t('totp.qr')} />
            <CopyLine
              text={secretOf(made().uri)}
              label={t('totp.secret')}
              labels={{ copy: t('common.copy'), copied: t('common.copied') }}
            />
            <RecoveryCodes codes={made().recovery_codes} />
            <TextField
              label={t('sign_in.code')}
              name="code"
              inputmode="numeric"
              autocomplete="one-time-code"
              required
              pattern="[0-9]{6}"
              maxlength={6}
              value={code()}
              error={confirm.fieldError('/code') && t('sign_in.code_wrong')}
              onInput={(event) => setCode(event.currentTarget.value)}
            />
            <Show when={confirm.restError(['/code'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
            <Button type="submit" variant="primary" busy={confirm.busy()} disabled={!/^\d{6}$/.test(code().trim())}>
              {t('totp.confirm')}
            </Button>
          </form>
        )}
      </Show>
    </>
  )
}

/** Dark on white in both themes: cameras want it so. */
const QrCode = (props: { text: string; label: string }) => (
  <img
    class="mx-auto size-48 rounded-lg bg-white p-2"
    alt={props.label}
    src={`data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(props.text, { border: 1 }))}`}
  />
)

export const RecoveryCodes = (props: { codes: readonly string[] }) => (
  <div class="flex flex-col gap-1.5">
    <p class="m-0 text-[0.8125rem] text-muted">{t('totp.recovery_text')}</p>
    <CopyLine
      text={props.codes.join('\n')}
      label={t('totp.recovery')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
    />
  </div>
)
