/** `npm run test:full` tries at full size what `npm test` tries at a small one. */
export const IS_FULL = process.env['ATALAYA_TESTS'] === 'full'

/** Of the ways to look at the same page (language, theme, width): all of them, or at the small size so many. */
export const looks = <T>(all: readonly T[], small = 1): readonly T[] => (IS_FULL ? all : all.slice(0, small))

/** Themes and widths in px in which a page is looked at: all four, or at the small size each theme and each width once. */
export const VIEWS = looks(
  [
    ['light', 1440],
    ['dark', 360],
    ['light', 360],
    ['dark', 1440],
  ] as const,
  2,
)
