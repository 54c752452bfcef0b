import { expect, test } from 'vitest'
import { connectionFailure, isConnectionLost, serious } from './failures.ts'
import { checkUri } from './uri.ts'

const codeOf = (uri: string) => {
  try {
    return checkUri(uri)
  } catch (error) {
    return (error as { code?: string }).code
  }
}

test('what virsh can connect to is passed on as it is', () => {
  for (const uri of [
    'qemu:///system',
    'qemu+ssh://root@kvm1:2222/system?keyfile=/etc/atalaya/key&no_tty=1',
    'qemu+tls://kvm1.example.org/system?pkipath=/etc/pki/kvm',
    'qemu+unix:///system?socket=/run/libvirt/libvirt-sock-ro',
    'qemu+tcp://[::1]:16509/system',
    'xen:///system',
  ]) {
    expect(codeOf(uri)).toBe(uri)
  }
  expect(codeOf(' qemu:///system ')).toBe('qemu:///system')
})

test('what isn’t a URI, and what would start a program, is refused before anything is started', () => {
  for (const uri of [
    '',
    '   ',
    'kvm1',
    '-c',
    'http://kvm1/system',
    'qemu+ext:///system?command=/bin/sh',
    'qemu+ssh://kvm1/system?command=/tmp/x',
    'qemu+ssh://kvm1/system?a=1;Command=/tmp/x',
    'qemu+ssh://kvm1/system?%63ommand=/tmp/x',
    'qemu+ssh://kvm1/system?%zz=1',
    'qemu:///system\nlist',
    'qemu:///sys tem',
  ]) {
    expect([uri, codeOf(uri)]).toEqual([uri, 'bad_settings'])
  }
})

test('a failed connection says whether the host, the door or the URI is at fault', () => {
  const of = (text: string) =>
    connectionFailure('qemu://x', `error: failed to connect to the hypervisor\nerror: ${text}\n`).code
  expect(of("unable to connect to server at '10.0.0.1:16509': Connection refused")).toBe('unreachable')
  expect(of("Unable to resolve address 'x' service '16509': Name or service not known")).toBe('unreachable')
  expect(of('Cannot recv data: ssh: connect to host x port 22: Connection refused')).toBe('unreachable')
  expect(of('authentication failed: access denied by policy')).toBe('refused')
  expect(of('Cannot recv data: root@x: Permission denied (publickey): Connection reset by peer')).toBe('refused')
  expect(of("internal error: unexpected qemu URI path '/nosuch', try qemu:///system")).toBe('bad_settings')
  expect(of("Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory")).toBe('bad_settings')
  expect(of('Cannot recv data: Connection timed out')).toBe('timeout')
  expect(connectionFailure('qemu://x', '').message).toContain('qemu://x')
})

test('a thing that vanished spoils no listing, a thing that can’t be read does', () => {
  expect(isConnectionLost('error: Disconnected from qemu+tcp://x/system due to end of file')).toBe(true)
  const errors = [
    "failed to get domain '36ec4aa9-9388-4183-a83a-850efc374c02'",
    'unsupported configuration: Host SMBIOS information is not available',
    'Unable to read from monitor: Connection reset by peer',
  ]
  expect(serious(errors)).toEqual([errors[2]])
})
