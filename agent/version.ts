/** The agent's own version, told at hello and at enrolment. */
import package_ from '../package.json' with { type: 'json' }

export const VERSION: string = package_.version
