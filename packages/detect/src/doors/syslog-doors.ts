import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { ParapetError } from '@parapet/core'
import { createSyslogDecoder, syslogDatagram } from '../parsers/system/index.js'

/** Where a door listens; port 0 takes a free one. */
export type DoorAddress = { readonly host: string; readonly port: number }
/** The three ways in which syslog travels. Sources: RFC 5426, RFC 6587, RFC 5425. */
export type DoorKind = 'udp' | 'tcp' | 'tls'

/** Which doors to open. `cert` and `key` are PEM. */
export type SyslogDoorOptions = {
  readonly udp?: DoorAddress
  readonly tcp?: DoorAddress
  readonly tls?: DoorAddress & { readonly cert: string | Buffer; readonly key: string | Buffer }
  /** connections at once over TCP and TLS together; further ones are refused */
  readonly connections: number
}

/** Who takes what comes in. */
export type SyslogTaker = {
  /** Messages in the order they came, from one peer: `address` is its own, as the socket has it. */
  readonly take: (messages: readonly string[], from: { readonly kind: DoorKind; readonly address: string }) => void
  /** false while nothing can be taken: datagrams are dropped and counted, senders over TCP and TLS wait for `room` */
  readonly hasRoom: () => boolean
  readonly room: () => Promise<void>
  readonly dropped: (kind: DoorKind, count: number, why: string) => void
  /** messages longer than a line may be, cut */
  readonly cut: (kind: DoorKind, count: number) => void
  readonly fault: (kind: DoorKind, message: string) => void
}

/** Open doors; `ports` says where they really are. */
export type SyslogDoors = { readonly ports: Readonly<Partial<Record<DoorKind, number>>>; readonly close: () => Promise<void> }

/** Datagrams that may wait with the kernel, bytes. */
const BUFFER = 4_194_304
const IDLE_MS = 3_600_000

const openUdp = async (at: DoorAddress, taker: SyslogTaker): Promise<UdpSocket> => {
  const socket = createSocket({ type: at.host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: BUFFER })
  socket.on('message', (bytes, { address }) => {
    if (taker.hasRoom()) taker.take([syslogDatagram(bytes)], { kind: 'udp', address })
    else taker.dropped('udp', 1, 'nothing could be taken')
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(at.port, at.host, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  socket.on('error', (error) => taker.fault('udp', error.message))
  return socket
}

const openStream = async (
  kind: 'tcp' | 'tls',
  at: DoorAddress & { readonly cert?: string | Buffer; readonly key?: string | Buffer },
  connections: number,
  sockets: Set<Socket>,
  taker: SyslogTaker,
): Promise<Server> => {
  const onSocket = (socket: Socket): void => {
    // a sender that breaks off is no fault of ours
    socket.on('error', () => undefined)
    if (sockets.size >= connections) {
      taker.dropped(kind, 1, `more than ${connections} connections: one was refused`)
      socket.destroy()
      return
    }
    sockets.add(socket)
    const from = { kind, address: socket.remoteAddress ?? '' }
    const decoder = createSyslogDecoder()
    const take = (messages: readonly string[]): void => {
      if (messages.length > 0) taker.take(messages, from)
    }
    let told = 0
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    socket.on('data', (bytes) => {
      take(decoder.push(bytes))
      if (decoder.counts.cut > told) taker.cut(kind, decoder.counts.cut - told)
      told = decoder.counts.cut
      if (taker.hasRoom()) return
      socket.pause()
      void taker.room().then(() => socket.resume())
    })
    socket.once('close', () => {
      sockets.delete(socket)
      take(decoder.end())
    })
  }
  const server =
    kind === 'tcp'
      ? createTcpServer(onSocket)
      : createTlsServer({ cert: at.cert, key: at.key, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, onSocket)
  // one for each connection that is allowed, and as many again that shake hands
  server.maxConnections = connections * 2
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', (error) => taker.fault(kind, error.message))
  return server
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const asOpenError = (error: unknown): ParapetError => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why = `syslog: ${error instanceof Error ? error.message : 'a door does not open'}`
  return new ParapetError(code === 'EADDRINUSE' ? 'PPT_PORT_BUSY' : 'PPT_CONFIG_INVALID', why, { cause: error })
}

/**
 * Listens for syslog. A door that does not open closes the others again. Errors: `PPT_PORT_BUSY`, `PPT_CONFIG_INVALID` for an address or a
 * certificate that is none.
 */
export const openSyslogDoors = async (options: SyslogDoorOptions, taker: SyslogTaker): Promise<SyslogDoors> => {
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  const ports: Partial<Record<DoorKind, number>> = {}
  let udp: UdpSocket | undefined
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    const socket = udp
    udp = undefined
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()))
  }
  try {
    if (options.udp !== undefined) {
      udp = await openUdp(options.udp, taker)
      ports.udp = udp.address().port
    }
    for (const kind of ['tcp', 'tls'] as const) {
      const at = options[kind]
      if (at === undefined) continue
      const server = await openStream(kind, at, options.connections, sockets, taker)
      servers.push(server)
      ports[kind] = portOf(server)
    }
  } catch (error) {
    await close()
    throw asOpenError(error)
  }
  return { ports, close }
}
