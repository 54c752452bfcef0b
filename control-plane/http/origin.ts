/** Whether a browser sent a request from our own page: the defence against forged requests of other sites. */

/**
 * `Sec-Fetch-Site` is set by the browser alone; where it is missing (plain http), `Origin` must name our host.
 * Without either, only a request that carries no cookie may pass: no browser sends one like that.
 */
export function isForged(headers: {
  secFetchSite: string | undefined
  origin: string | undefined
  host: string | undefined
  hasCookie: boolean
}): boolean {
  if (headers.secFetchSite !== undefined) return headers.secFetchSite !== 'same-origin'
  if (headers.origin !== undefined) return hostOf(headers.origin) !== headers.host
  return headers.hasCookie
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host
  } catch {
    return null
  }
}
