/** Mails with their state in words, and what a person can do about one that didn't arrive. */
import { A } from '@solidjs/router'
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { api, type Mail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { Confirm } from './confirm.tsx'
import { createMay } from './may.ts'

const TONES: Record<Mail['state'], Tone> = {
  queued: 'accent',
  sending: 'accent',
  sent: 'ok',
  failed: 'bad',
  unknown: 'warn',
}

/** Asks before a document goes by mail, for the first time or again. */
export function SendConfirm(props: { invoice_id: string; onClose: () => void }) {
  const refresh = createRefresh()
  return (
    <Confirm
      title={t('mails.send_title')}
      text={t('mails.send_text')}
      button={t('mails.send')}
      run={async () => {
        const { items } = await api.sendDocument(props.invoice_id)
        tell(t('mails.queued', items.length), 'ok', t('common.close'))
      }}
      onDone={() => {
        refresh()
        props.onClose()
      }}
      onClose={() => props.onClose()}
    />
  )
}

function createRefresh() {
  const client = useQueryClient()
  return () => {
    for (const key of ['mails', 'queues']) void client.invalidateQueries({ queryKey: [key] })
  }
}

export function MailTable(props: { mails: readonly Mail[]; withDocument: boolean }) {
  const refresh = createRefresh()
  const [asking, setAsking] = createSignal<Mail>()
  const [sending, setSending] = createSignal<Mail>()
  return (
    <>
      <Table
        label={t('mails.title')}
        rows={props.mails}
        columns={columns(props.withDocument, setAsking, setSending)}
        below={(row) => detailOf(row) && <p class="m-0 text-[0.8125rem] text-muted">{detailOf(row)}</p>}
      />
      <Show when={asking()}>
        {(mail) => (
          <Confirm
            title={t('mails.arrived_title')}
            text={t('mails.arrived_text')}
            button={t('mails.arrived')}
            run={() => api.confirmArrival(mail().id)}
            onDone={() => {
              refresh()
              setAsking(undefined)
            }}
            onClose={() => setAsking(undefined)}
          />
        )}
      </Show>
      <Show when={sending()}>
        {(mail) => <SendConfirm invoice_id={mail().subject.id} onClose={() => setSending(undefined)} />}
      </Show>
    </>
  )
}

/** What the server said, or why it has not gone. */
const detailOf = (row: Mail): string => (row.state === 'sent' ? row.answer : row.reason)

const whenText = (row: Mail): string => {
  if (row.sent_at) return say.instant(row.sent_at)
  if (row.next_at && row.attempts > 0) return t('mails.next', { at: say.instant(row.next_at) })
  return say.instant(row.queued_at)
}

const columns = (withDocument: boolean, ask: (mail: Mail) => void, send: (mail: Mail) => void): TableColumn<Mail>[] => [
  ...(withDocument
    ? [
        {
          id: 'document',
          header: t('mails.document'),
          class: 'whitespace-nowrap',
          cell: (row: Mail) => (
            <>
              <A
                href={paths.invoice(row.subject.id)}
                class="tabular rounded font-medium text-text hover:text-accent-text"
              >
                {row.subject.name}
              </A>
              <span class="block text-[0.8125rem] text-muted">{row.account.name}</span>
            </>
          ),
        },
      ]
    : []),
  {
    id: 'state',
    header: t('mails.state'),
    cell: (row) => <Badge tone={TONES[row.state]}>{t(`mails.states.${row.state}`)}</Badge>,
  },
  {
    id: 'recipient',
    header: t('mails.recipient'),
    class: '[overflow-wrap:anywhere] min-w-28 sm:min-w-36',
    cell: (row) => (
      <>
        {row.recipient || <span class="text-muted">{t('mails.no_recipient')}</span>}
        <Show when={row.copy > 0}>
          <span class="block text-[0.8125rem] text-muted">{t('mails.copy', row.copy)}</span>
        </Show>
      </>
    ),
  },
  { id: 'when', header: t('mails.when'), wideOnly: true, class: 'whitespace-nowrap', cell: whenText },
  {
    id: 'actions',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right whitespace-nowrap',
    cell: (row) => <Actions mail={row} onAsk={() => ask(row)} onSend={() => send(row)} />,
  },
]

function Actions(props: { mail: Mail; onAsk: () => void; onSend: () => void }) {
  const may = createMay()
  const named = (what: string) => `${what}: ${props.mail.subject.name}`
  return (
    <Show when={props.mail.is_open}>
      <span class="inline-flex flex-wrap justify-end gap-2">
        <Show when={props.mail.state === 'unknown'}>
          <Button
            size="small"
            onClick={() => props.onAsk()}
            aria-label={named(t('mails.arrived'))}
            {...may('billing.write')}
          >
            {t('mails.arrived')}
          </Button>
        </Show>
        <Button
          size="small"
          onClick={() => props.onSend()}
          aria-label={named(t('mails.send_again'))}
          {...may('billing.write')}
        >
          {t('mails.send_again')}
        </Button>
      </span>
    </Show>
  )
}
