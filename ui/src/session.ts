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

/** A token of an address's fragment, which is taken out so that it stays in no history. */
export function takeFragment(name: string): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get(name)
  if (token !== null) history.replaceState(history.state, '', location.pathname + location.search)
  return token
}

/** Nothing that was read as somebody else stays in memory. */
export function begin(session: Session): Session {
  queryClient.clear()
  queryClient.setQueryData(queries.session().queryKey, session)
  return session
}

export const signIn = async (token: string): Promise<Session> => begin(await api.signIn(token.trim()))

/** Whoever came with the set-up token becomes the owner first; a key may go on without. */
export const isFirstRun = (session: Session, token: string): boolean =>
  session.needs_owner && token.trim().startsWith('atalaya_setup')

export async function signOut(): Promise<void> {
  await api.signOut()
  // a whole load: nothing that was read under the old session stays in memory
  location.assign('/sign-in')
}
