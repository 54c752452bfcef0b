/** Grey shapes with the size of what is coming, so that nothing moves when it arrives. */
import { Index } from 'solid-js'

export const Skeleton = (props: { class?: string }) => (
  <span aria-hidden="true" class={`animate-shimmer block rounded-md bg-line ${props.class ?? 'h-4 w-full'}`} />
)

export const SkeletonRows = (props: { rows: number; label: string }) => (
  <div role="status" aria-label={props.label} class="flex flex-col gap-px">
    <Index each={Array.from({ length: props.rows })}>
      {() => (
        <div class="flex h-11 items-center gap-4 px-4">
          <Skeleton class="h-3.5 w-2/5" />
          <Skeleton class="h-3.5 w-1/6" />
          <Skeleton class="ml-auto h-3.5 w-1/6" />
        </div>
      )}
    </Index>
  </div>
)
