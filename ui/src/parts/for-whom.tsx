/** One address, two pages: those who run the installation see theirs, a tenant his own. */
import type { Component } from 'solid-js'
import { Show } from 'solid-js'
import { Dynamic } from 'solid-js/web'
import { createTenant } from './tenant.ts'

export const forWhom = (staff: Component, tenants: Component) => () => {
  const tenant = createTenant()
  return (
    <Show when={tenant.account()} fallback={<Dynamic component={staff} />}>
      <Dynamic component={tenants} />
    </Show>
  )
}
