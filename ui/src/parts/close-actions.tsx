/** What can be done with a close as it stands: issue what is ready, make the drafts anew, try the parked again, give it up. */
import { useQueryClient } from '@tanstack/solid-query'
import Mail from 'lucide-solid/icons/mail'
import Lock from 'lucide-solid/icons/lock'
import RefreshCw from 'lucide-solid/icons/refresh-cw'
import { createSignal, Match, Show, Switch } from 'solid-js'
import { api, type PeriodClose } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { tell } from '../kit/toast.tsx'
import { monthText, netText } from './close-state.tsx'
import { Confirm } from './confirm.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'

type Question = 'finalise' | 'cancel' | 'mail'

export function CloseActions(props: { close: PeriodClose }) {
  const client = useQueryClient()
  const may = createMay()
  const [asked, setAsked] = createSignal<Question>()
  const done = () => {
    setAsked(undefined)
    void client.invalidateQueries({ queryKey: ['closes'] })
  }
  const step = createSubmit({
    run: (what: 'review' | 'retry') => api.stepClose(props.close.id, what),
    onDone: done,
  })
  const isOpen = () => props.close.state === 'review'
  const isEarly = () => Date.now() < Date.parse(props.close.grace_ends_at)
  const again = () => (
    <Button
      icon={<RefreshCw size={15} />}
      busy={step.busy()}
      onClick={() => void step.submit('review')}
      {...may('billing.write')}
    >
      {t('closing.review_again')}
    </Button>
  )
  return (
    <>
      <Switch>
        <Match when={isOpen()}>
          <Button onClick={() => setAsked('cancel')} {...may('billing.write')}>
            {t('closing.cancel')}
          </Button>
          {again()}
          <Button
            variant="primary"
            icon={<Lock size={15} />}
            disabled={props.close.counts.ready === 0}
            onClick={() => setAsked('finalise')}
            {...may('billing.write')}
          >
            {t('closing.finalise', props.close.counts.ready)}
          </Button>
        </Match>
        <Match when={props.close.state === 'closed' && props.close.counts.parked + props.close.counts.held > 0}>
          {again()}
          <Show when={props.close.counts.parked > 0}>
            <Button busy={step.busy()} onClick={() => void step.submit('retry')} {...may('billing.write')}>
              {t('closing.retry', props.close.counts.parked)}
            </Button>
          </Show>
        </Match>
      </Switch>
      <Show when={props.close.counts.issued > 0}>
        <Button icon={<Mail size={15} />} onClick={() => setAsked('mail')} {...may('billing.write')}>
          {t('mails.send_all')}
        </Button>
      </Show>
      <Show when={step.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <Show when={asked() === 'finalise'}>
        <Confirm
          title={t('closing.finalise_title', { month: monthText(props.close.month) })}
          text={
            <>
              {t('closing.finalise_text', {
                count: say.decimal(props.close.counts.ready),
                net: netText(props.close, 'ready_net'),
              })}
              <Show when={isEarly()}>
                {' '}
                <strong class="text-warn">{t('closing.early', { at: say.instant(props.close.grace_ends_at) })}</strong>
              </Show>
            </>
          }
          button={t('closing.finalise', props.close.counts.ready)}
          run={() => api.finaliseClose(props.close.id, isEarly())}
          onDone={done}
          onClose={() => setAsked(undefined)}
        />
      </Show>
      <Show when={asked() === 'mail'}>
        <Confirm
          title={t('mails.send_all_title', { month: monthText(props.close.month) })}
          text={t('mails.send_all_text')}
          button={t('mails.send_all')}
          run={async () => {
            const { queued } = await api.mailClose(props.close.id)
            tell(queued === 0 ? t('mails.nothing_new') : t('mails.queued', queued), 'ok', t('common.close'))
          }}
          onDone={() => {
            done()
            void client.invalidateQueries({ queryKey: ['mails'] })
          }}
          onClose={() => setAsked(undefined)}
        />
      </Show>
      <Show when={asked() === 'cancel'}>
        <Confirm
          title={t('closing.cancel_title')}
          text={t('closing.cancel_text')}
          button={t('closing.cancel')}
          run={() => api.stepClose(props.close.id, 'cancel')}
          onDone={done}
          onClose={() => setAsked(undefined)}
        />
      </Show>
    </>
  )
}
