import { run } from './processes.js'

/** Hosts of a test: network namespaces on one link, none of them joined to the machine's own network. */
export type Network = {
  /** the address of a host */
  address: (host: string) => string
  address6: (host: string) => string
  /** the words in front of a command that make it run on a host */
  on: (host: string) => readonly [string, ...string[]]
  remove: () => void
}

/**
 * Makes one namespace a host, all on the link `198.51.100.0/24` and `2001:db8:51::/64` (documentation ranges, RFC 5737
 * and RFC 3849). Loopback is protected from bans, so an attacker needs an address of his own.
 */
export const createNetwork = (hosts: readonly [string, ...string[]]): Network => {
  const mark = `ppt${process.pid}`
  const space = (host: string): string => `${mark}-${host}`
  const number = (host: string): number => {
    const index = hosts.indexOf(host)
    if (index < 0) throw new Error(`no host ${host}`)
    return index * 10 + 10
  }
  const [center] = hosts
  const made: string[] = []
  const remove = (): void => {
    for (const name of made.splice(0).toReversed()) {
      try {
        run('ip', 'netns', 'delete', name)
      } catch {
        // it is gone already, which is what was asked for
      }
    }
  }
  try {
    for (const host of hosts) {
      run('ip', 'netns', 'add', space(host))
      made.push(space(host))
      run('ip', '-n', space(host), 'link', 'set', 'lo', 'up')
    }
    run('ip', '-n', space(center), 'link', 'add', 'br0', 'type', 'bridge')
    run('ip', '-n', space(center), 'link', 'set', 'br0', 'up')
    for (const [index, host] of hosts.entries()) {
      const device = host === center ? 'br0' : 'eth0'
      if (host !== center) {
        run('ip', '-n', space(center), 'link', 'add', `port${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space(host))
        run('ip', '-n', space(center), 'link', 'set', `port${index}`, 'master', 'br0', 'up')
        run('ip', '-n', space(host), 'link', 'set', 'eth0', 'up')
      }
      run('ip', '-n', space(host), 'address', 'add', `198.51.100.${number(host)}/24`, 'dev', device)
      run('ip', '-n', space(host), '-6', 'address', 'add', `2001:db8:51::${number(host)}/64`, 'dev', device, 'nodad')
    }
  } catch (error) {
    remove()
    throw error
  }
  return {
    address: (host) => `198.51.100.${number(host)}`,
    address6: (host) => `2001:db8:51::${number(host)}`,
    on: (host) => ['ip', 'netns', 'exec', space(host)],
    remove,
  }
}
