/** What virsh's complaints mean, in words that a person can act on. */
import { ConnectorError } from '#connectors/contract.ts'

const MEANINGS: readonly [RegExp, ConnectorError['code'], string][] = [
  [
    /authentication failed|authentication required|authentication cancelled|permission denied|access denied|not authorized/i,
    'refused',
    'Let the agent in: a user of group libvirt for a local socket, a key for qemu+ssh, a client certificate for qemu+tls.',
  ],
  [
    /unexpected qemu URI path|does not include a driver name|no connection driver available|unable to parse|malformed|Cannot read (CA )?certificate/i,
    'bad_settings',
    'Correct the URI, e.g. qemu:///system, qemu+ssh://user@host/system or qemu+tls://host/system.',
  ],
  [
    /timeout|timed out/i,
    'timeout',
    'See whether libvirtd answers: virsh -c URI list, and look at its log on the host.',
  ],
]

/** The error of a connection that didn't come about, or broke. */
export function connectionFailure(uri: string, stderr: string): ConnectorError {
  const said = complaints(stderr).join('; ').slice(0, 600) || 'virsh ended without an answer'
  for (const [pattern, code, remedy] of MEANINGS) {
    if (pattern.test(said)) return new ConnectorError(code, `${uri}: ${said}`, remedy)
  }
  const remedy =
    'See that the host is up and that libvirtd listens there: virsh -c URI list from the machine of the agent.'
  return new ConnectorError('unreachable', `${uri}: ${said}`, remedy)
}

/** The lines of stderr that complain, without their prefix. */
export const complaints = (stderr: string): string[] =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('error: '))
    .map((line) => line.slice('error: '.length))

/** True if the connection itself failed: nothing that was printed may be taken as an answer. */
export const isConnectionLost = (stderr: string): boolean =>
  /failed to connect to the hypervisor|Disconnected from|client socket is closed|Cannot (recv|write) data/.test(stderr)

/** A thing that vanished between two commands, or a driver that this host hasn't: an answer, not a failure. */
const HARMLESS =
  /^(failed to get (domain|pool|vol|network|sysinfo)|(Domain|Storage pool|Storage volume|Network) not found|no (domain|storage pool|storage vol|network) with matching|this function is not supported by the connection driver|Failed to list (networks|pools|volumes)$|unsupported configuration: Host SMBIOS)/i

/** Complaints that make an answer incomplete. */
export const serious = (errors: string[]): string[] => errors.filter((error) => !HARMLESS.test(error))
