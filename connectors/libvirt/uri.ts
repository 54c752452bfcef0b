/** Which connection URIs may be given to virsh. Pure. */
import { ConnectorError } from '#connectors/contract.ts'

const DRIVERS = ['qemu', 'xen', 'ch', 'lxc', 'bhyve', 'vz', 'test']
/** `ext` is missing on purpose: it starts any program that the settings name. */
const TRANSPORTS = ['unix', 'ssh', 'tcp', 'tls', 'libssh', 'libssh2']
const REMEDY =
  'Use e.g. qemu:///system, qemu+ssh://user@host/system, qemu+tls://host/system or qemu+tcp://host:16509/system.'

const refuse = (message: string) => new ConnectorError('bad_settings', message, REMEDY)

/** The URI as virsh gets it; throws `bad_settings` for what can't be one. */
export function checkUri(text: string): string {
  const uri = text.trim()
  if (uri === '') throw refuse('A connection URI is empty')
  const [, driver, transport] = /^([a-z]+)(?:\+([a-z0-9]+))?:\/\/[^\s"'\\]*$/.exec(uri) ?? []
  if (driver === undefined) throw refuse(`“${uri.slice(0, 200)}” isn't a libvirt connection URI`)
  if (!DRIVERS.includes(driver)) throw refuse(`libvirt has no driver “${driver}” here (known: ${DRIVERS.join(', ')})`)
  if (transport !== undefined && !TRANSPORTS.includes(transport)) {
    throw refuse(`The transport “${transport}” can't be used (known: ${TRANSPORTS.join(', ')})`)
  }
  // it names a program that virsh would start on the agent's machine
  if (parameters(uri).includes('command')) throw refuse('The parameter “command” can’t be used')
  return uri
}

/** Names of the query's parameters, as libvirt decodes them. */
function parameters(uri: string): string[] {
  try {
    const query = uri.split('?').slice(1).join('?')
    return query.split(/[&;]/).map((pair) => decodeURIComponent(pair.split('=')[0] ?? '').toLowerCase())
  } catch {
    throw refuse('The connection URI holds a broken % escape')
  }
}
