/** The contract of connectors, on a double of Kubernetes' API server. */
import { contractOf } from './kit.ts'
import { KubernetesRig } from './kubernetes.ts'

contractOf('kubernetes', () => new KubernetesRig().start())
