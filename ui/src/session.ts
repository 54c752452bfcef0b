/** Signing in and out, and a token that came with the address. */
import { api, type Session } from './api.ts'
import { queries, queryClient } from './queries.ts'

/** Takes `?token=` or `#token=` out of the address, so that it stays in no history and no screenshot. */
export function takeToken(address: URL): { token: string | null; rest: string } {
  const fragment = new URLSearchParams(address.hash.slice(1))
  const token = address.searchParams.get('token') ?? fragment.get('token')
  address.searchParams.delete('token')
  fragment.delete('token')
  const hash = address.hash.includes('=') ? fragment.toString() : address.hash.slice(1)
  return { token, rest: address.pathname + address.search + (hash ? `#${hash}` : '') }
}

export async function signIn(token: string): Promise<Session> {
  const session = await api.signIn(token.trim())
  queryClient.clear()
  queryClient.setQueryData(queries.session().queryKey, session)
  return session
}

export async function signOut(): Promise<void> {
  await api.signOut()
  // a whole load: nothing that was read under the old session stays in memory
  location.assign('/sign-in')
}
