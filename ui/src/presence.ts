/** Whether somebody is at this page: what it asks by itself while nobody is keeps no session open. */

/** a page that is read is touched at least so often */
const AWAY_MS = 300_000
let touchedAt = Date.now()

const touch = () => {
  touchedAt = Date.now()
}

export function watchPresence(): void {
  for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'])
    addEventListener(kind, touch, { passive: true, capture: true })
}

export const isAway = (now = Date.now()): boolean => now - touchedAt > AWAY_MS
