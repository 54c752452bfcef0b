/** HTTP of hardware. */
import { type HttpDeps, router } from '../http/index.ts'
import { routes as parts } from './parts/routes.ts'
import { routes as racks } from './racks/routes.ts'

export const routes = (deps: HttpDeps) => router().route('/', parts(deps)).route('/', racks(deps))
