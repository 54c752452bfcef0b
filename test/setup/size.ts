/** `npm run test:full` tries at full size what `npm test` tries at a small one. */
export const IS_FULL = process.env['ATALAYA_TESTS'] === 'full'
