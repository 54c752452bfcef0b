/** /proc of a real machine and of odd ones → counters and gauges. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConnectorError } from '../contract.ts'
import { disks, exact, load, memory, mountPoints, nics, pressure, space, stat, uptime } from './map.ts'

const fixture = (name: string) => readFileSync(new URL(`./fixtures/microvm/${name}`, import.meta.url), 'utf8')
const none = () => false

test('a counter is exact up to 2⁶⁴ − 1 and beyond what a double holds', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (bytes) => {
      const [nic] = nics(`head\nhead\n eth0: ${bytes} 1 0 0 0 0 0 0 ${bytes} 1 0 0 0 0 0 0\n`)
      expect(BigInt(nic?.counters['network_receive_bytes/eth0'] ?? -1)).toBe(bytes)
      expect(BigInt(nic?.counters['network_transmit_bytes/eth0'] ?? -1)).toBe(bytes)
      const sectors = bytes / 512n
      const [disk] = disks(` 8 0 sda 1 0 ${sectors} 0 1 0 ${sectors} 0 0 9 0`)
      expect(BigInt(disk?.counters['disk_read_bytes/sda'] ?? -1)).toBe(sectors * 512n)
      expect(BigInt(exact(bytes))).toBe(bytes)
    }),
  )
  const ticks = 123_456_789_012n
  expect(stat(`cpu ${ticks} 0 0 0`).counters['cpu_time_ns/user']).toBe('1234567890120000000')
})

test('the time of guests is not counted a second time', () => {
  const { counters } = stat('cpu  700 80 10 20 3 4 5 6 600 70\ncpu0 1 1 1 1\n')
  const total = Object.values(counters).reduce<bigint>((sum, value) => sum + BigInt(value), 0n)
  expect(total).toBe(828n * 10_000_000n)
  expect(Object.keys(counters).some((key) => key.includes('guest'))).toBe(false)
})

test('a mount point with spaces, tabs, newlines or backslashes is the path that it is', () => {
  const text = '/dev/sdb1 /mnt/my\\040disk ext4 rw 0 0\n/dev/sdc1 /a\\011b\\012c\\134d xfs rw 0 0\n'
  expect(mountPoints(text, none)).toEqual(['/mnt/my disk', '/a\tb\nc\\d'])
})

test('each device is measured once, images and pseudo file systems never, and the root always', () => {
  const text = [
    'overlay / overlay rw 0 0',
    'proc /proc proc rw 0 0',
    'tmpfs /run tmpfs rw 0 0',
    'devtmpfs /dev devtmpfs rw 0 0',
    '/dev/vda1 /data ext4 rw 0 0',
    '/dev/vda1 /var/lib/docker ext4 rw 0 0',
    '/dev/loop3 /snap/core/1 squashfs ro 0 0',
    'tank/home /home zfs rw 0 0',
    'server:/export /nfs nfs4 rw 0 0',
    '/dev/vdb1 /scratch ext4 rw 0 0',
  ].join('\n')
  expect(mountPoints(text, (mount) => mount === '/scratch')).toEqual(['/', '/data', '/home'])
})

test('what is mounted over a mount point hides what was there', () => {
  const text =
    '/dev/sda1 /mnt ext4 rw 0 0\n/dev/sdb1 /mnt ext4 rw 0 0\ntmpfs /other tmpfs rw 0 0\n/dev/sda2 /x ext4 rw 0 0\n'
  expect(mountPoints(text, none)).toEqual(['/mnt', '/x'])
  expect(mountPoints('/dev/sda1 /mnt ext4 rw 0 0\ntmpfs /mnt tmpfs rw 0 0\n', none)).toEqual([])
})

test('the mount points of this recording are the one disk', () => {
  expect(mountPoints(fixture('mounts'), none)).toEqual(['/'])
})

test('a file system without inodes reports none', () => {
  const read = { block_bytes: 4096n, blocks: 2n ** 51n, blocks_available: 1n, inodes: 0n, inodes_free: 0n }
  expect(space('/b', read)).toEqual({
    'filesystem_size_bytes//b': 2 ** 63,
    'filesystem_available_bytes//b': 4096,
  })
})

test('an interface with colons in its name is named whole', () => {
  const [alias, vlan] = nics(
    'head\nhead\neth0:1:x: 5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n  br-a.100:9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n',
  )
  expect(alias?.counters['network_receive_bytes/eth0:1:x']).toBe(5)
  expect(vlan?.name).toBe('br-a.100')
})

test('a disk with a slash in its name, and one of an old kernel with eleven fields, are read', () => {
  const [array] = disks(' 104 0 cciss/c0d0 10 0 8 0 20 0 16 0 0 77 0\n')
  expect(array).toMatchObject({ name: 'cciss/c0d0', busy_ms: 77, moved: true })
  expect(array?.counters['disk_write_bytes/cciss/c0d0']).toBe(16 * 512)
})

test('pressure of the processor has no `full`, and totals are exact', () => {
  expect(pressure('cpu', fixture('pressure_cpu'))).toEqual({ 'pressure_some_us/cpu': 15490093 })
  expect(pressure('io', 'some avg10=0.00 total=18446744073709551615\n')).toEqual({
    'pressure_some_us/io': '18446744073709551615',
  })
})

test('a machine without swap has no gauge for it; loads and uptimes are read', () => {
  expect(memory('MemTotal:  1024 kB\n')).toEqual({ memory_total_bytes: 1_048_576 })
  expect(load('0.00 12.50 3.1 1/2 3')).toEqual({
    'load_average/1m': 0,
    'load_average/5m': 12.5,
    'load_average/15m': 3.1,
  })
  expect(uptime('350735.47 234388.90\n')).toEqual({ uptime_seconds: 350_735 })
})

test('what is no whole number of 64 bits is a bad answer, never a reading', () => {
  const wrong = [
    () => stat('btime many\n'),
    () => stat('btime 792147483647\n'),
    () => disks('7 0 loop0 5 0 99999999999999999999 0 1 0 1 0 0 0\n')[0]?.counters,
    () => disks(`7 0 ${'x'.repeat(65)} 5 0 1 0 1 0 1 0 0 0\n`),
    () => load('0.1'),
    () => uptime(''),
    () => memory('MemTotal: -1 kB\n'),
  ]
  for (const read of wrong) expect(read).toThrow(ConnectorError)
})

test('a mount point whose name is too long for a key is left out, so that the others are taken', () => {
  expect(mountPoints(`/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /${'x'.repeat(230)} ext4 rw 0 0\n`, none)).toEqual(['/'])
})
