import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalAddress, LOOPBACK, parseAddress } from '@parapet/core'
import type { Collector, FactFields } from './fact.js'
import { ownerFields, ownersOf, readUsers } from './proc.js'

/** One line of a table of sockets. */
export type SocketLine = {
  readonly transport: 'tcp' | 'udp'
  readonly local: { readonly address: string; readonly port: number }
  readonly remote: { readonly address: string; readonly port: number }
  readonly state: string
  readonly uid: number
  readonly inode: string
}

const MOST_LINES = 65_536

/** An address as the kernel prints it: words of 32 bits in the order of the machine, which is little-endian wherever Node runs. */
const addressOf = (hex: string): string => {
  const bytes = Buffer.from(hex, 'hex')
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  const text =
    bytes.length === 4 ? [...bytes].join('.') : Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':')
  return canonicalAddress(text) ?? text
}

/** Reads one of /proc/net/{tcp,tcp6,udp,udp6}; what is no line of it is passed over. Source: proc(5). */
export const readSockets = (text: string, transport: 'tcp' | 'udp'): readonly SocketLine[] =>
  text
    .split('\n')
    .slice(1, MOST_LINES)
    .flatMap((line): SocketLine[] => {
      const [, local = '', remote = '', state = '', , , , uid = '', , inode = ''] = line.trim().split(/ +/)
      const end = (part: string): { address: string; port: number } | undefined => {
        const [hex = '', port = ''] = part.split(':')
        return /^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex) && /^[0-9A-F]{4}$/.test(port)
          ? { address: addressOf(hex), port: Number.parseInt(port, 16) }
          : undefined
      }
      const [here, there] = [end(local), end(remote)]
      return here === undefined || there === undefined ? [] : [{ transport, local: here, remote: there, state, uid: Number(uid), inode }]
    })

const readTables = (root: string, transports: readonly ('tcp' | 'udp')[]): readonly SocketLine[] =>
  transports.flatMap((transport) =>
    [transport, `${transport}6`].flatMap((name) => {
      try {
        return readSockets(readFileSync(join(root, 'proc/net', name), 'utf8'), transport)
      } catch {
        return []
      }
    }),
  )

const LISTEN = '0A'
const UNCONNECTED = '07'
const ACTIVE = new Set(['01', '02'])

/** Sockets that take what comes: TCP listeners, and bound UDP sockets below the ports that clients get. */
export const createListenerCollector = (root: string, everyMs: number): Collector => ({
  name: 'listeners',
  dataset: 'host.listener',
  category: 'network',
  actions: { added: 'listener-opened', changed: null, removed: 'listener-closed' },
  everyMs,
  collect: () => {
    const open = readTables(root, ['tcp', 'udp']).filter(({ transport, state, remote, local }) =>
      transport === 'tcp' ? state === LISTEN : state === UNCONNECTED && remote.port === 0 && local.port > 0 && local.port < 32_768,
    )
    const owners = ownersOf(root, new Set(open.map(({ inode }) => inode)))
    const users = readUsers(root)
    return new Map(
      open.map((socket): [string, FactFields] => {
        const owner = ownerFields(root, owners.get(socket.inode), socket.uid, users)
        const { transport, local } = socket
        return [
          // another program on the same port is another listener
          `${transport} ${local.address} ${local.port} ${owner['process.executable'] ?? owner['process.name'] ?? ''}`,
          { 'destination.ip': local.address, 'destination.port': local.port, 'network.transport': transport, ...owner },
        ]
      }),
    )
  },
})

const REMEMBERED = 10_000

/** Destinations that this host connects to by itself. Connections shorter than the time between two looks may be missed. */
export const createConnectionCollector = (root: string, everyMs: number): Collector => ({
  name: 'connections',
  dataset: 'host.connection',
  category: 'network',
  actions: { added: 'outbound-destination-new', changed: null, removed: null },
  everyMs,
  remembers: REMEMBERED,
  collect: () => {
    const all = readTables(root, ['tcp'])
    const listening = new Set(all.filter(({ state }) => state === LISTEN).map(({ local }) => local.port))
    const isLocal = (text: string): boolean => {
      const address = parseAddress(text)
      return address === undefined || LOOPBACK.has(address)
    }
    const out = all.filter(({ state, local, remote }) => ACTIVE.has(state) && !listening.has(local.port) && !isLocal(remote.address))
    const owners = ownersOf(root, new Set(out.map(({ inode }) => inode)))
    const users = readUsers(root)
    return new Map(
      out.map(({ remote, inode, uid }): [string, FactFields] => [
        `${remote.address} ${remote.port}`,
        {
          'destination.ip': remote.address,
          'destination.port': remote.port,
          'network.transport': 'tcp',
          ...ownerFields(root, owners.get(inode), uid, users),
        },
      ]),
    )
  },
})
