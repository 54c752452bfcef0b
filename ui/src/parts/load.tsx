/** The three states of what is fetched: skeleton, error with what to do, and the content (kept while a refresh fails). */
import type { JSX } from 'solid-js'
import { Match, Switch } from 'solid-js'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/empty.tsx'
import { SkeletonRows } from '../kit/skeleton.tsx'
import { asApiError } from '../problem.ts'
import { remedyOf, titleOf } from './problem-text.ts'

interface Result<T> {
  readonly status: 'pending' | 'error' | 'success'
  readonly data: T | undefined
  readonly error: unknown
  readonly isLoadingError: boolean
  refetch: () => unknown
}

interface Props<T> {
  query: Result<T>
  skeleton?: JSX.Element
  children: (data: () => NonNullable<T>) => JSX.Element
}

export function Load<T>(props: Props<T>) {
  // `data` is read only once there is some: reading it earlier would suspend the whole page
  const data = () => (props.query.status === 'pending' || props.query.isLoadingError ? undefined : props.query.data)
  return (
    <Switch>
      <Match when={props.query.status === 'pending'}>
        {props.skeleton ?? <SkeletonRows rows={5} label={t('common.loading')} />}
      </Match>
      <Match when={props.query.isLoadingError}>
        <div class="p-4">
          <ProblemNote error={props.query.error} onRetry={() => void props.query.refetch()} />
        </div>
      </Match>
      <Match when={data()}>{(present) => props.children(present)}</Match>
    </Switch>
  )
}

/** An error as a person can use it: what failed, why, what to do, and the id that support finds. */
export function ProblemNote(props: { error: unknown; onRetry?: () => void }) {
  const problem = () => asApiError(props.error)
  return (
    <Failure
      title={titleOf(problem())}
      detail={problem().message}
      remedy={remedyOf(problem())}
      requestId={problem().requestId ? t('error.request_id', { id: problem().requestId }) : undefined}
      action={
        props.onRetry ? (
          <Button size="small" onClick={() => props.onRetry?.()}>
            {t('common.retry')}
          </Button>
        ) : undefined
      }
    />
  )
}
