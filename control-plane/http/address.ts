/** Where a caller is: the other end of the socket, or what a proxy that we trust says of it. */
import { BlockList, isIP } from 'node:net'

export interface Proxies {
  trusts(address: string): boolean
}

/** IPv4 in IPv6's clothes, as a socket of both kinds gives it. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** Networks as `10.0.0.0/8, 192.0.2.7, 2001:db8::/32`; empty trusts nobody. Throws on what is none. */
export function proxiesOf(text: string): Proxies {
  const list = new BlockList()
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue
    const [address = '', length, ...rest] = part.split('/')
    const [version, bits] = [isIP(address), Number(length ?? (isIP(address) === 6 ? 128 : 32))]
    const isRight = version !== 0 && rest.length === 0 && /^\d*$/.test(length ?? '') && length !== ''
    if (!isRight || bits > (version === 6 ? 128 : 32))
      throw new Error(
        `ATALAYA_TRUSTED_PROXIES names "${part}"; it must be networks such as 10.0.0.0/8, with commas between.`,
      )
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    trusts: (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  }
}

/** Each proxy adds at the right whom it heard: the last whom no trusted one vouches for is the caller. What stands left of him he may have made up. */
export function addressBehind(socket: string, forwarded: string | undefined, proxies: Proxies): string {
  const hops = (forwarded ?? '')
    .split(',')
    .map((hop) => plain(hop.trim()))
    .filter(Boolean)
  let address = plain(socket)
  while (proxies.trusts(address)) {
    const before = hops.pop()
    if (before === undefined || isIP(before) === 0) return address
    address = before
  }
  return address
}
