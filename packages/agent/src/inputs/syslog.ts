import { readFileSync } from 'node:fs'
import { type Clock, ParapetError, randomToken } from '@parapet/core'
import { type DoorKind, openSyslogDoors, type SyslogDoors } from '@parapet/detect'
import type { AgentConfig } from '../config/config.js'
import type { HostPort } from '../config/read-settings.js'
import type { Channel } from '../pipeline/channel.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import type { Input } from './input.js'
import { udpDrops } from './udp-drops.js'

/** Syslog doors of an agent; `ports` says where they really are, for a port of 0. */
export type SyslogInput = Input & { readonly ports: () => SyslogDoors['ports'] }

const FLUSH_MS = 1_000
const DROPS_MS = 5_000

/** One door: where its messages go, and what it had to drop itself. */
type Door = { readonly channel: Channel; readonly take: (texts: readonly string[]) => void; own: number }

const readPem = (path: string | null): Buffer => {
  try {
    return readFileSync(path ?? '')
  } catch (cause) {
    throw new ParapetError('PPT_CONFIG_INVALID', `syslog: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}

/** Opens the doors that the settings name. What comes over UDP while nothing can be taken is dropped and counted; TCP and TLS senders wait. */
export const createSyslogInput = (
  config: AgentConfig['syslog'],
  deps: { readonly pipeline: Pick<Pipeline, 'open' | 'hasRoom' | 'room'>; readonly clock: Clock; readonly procRoot?: string },
): SyslogInput => {
  const { pipeline, clock } = deps
  const doors = new Map<DoorKind, Door>()
  const timers: NodeJS.Timeout[] = []
  let open: SyslogDoors | undefined

  /** A stream of its own for every start: nothing that comes over a network can be read again. */
  const addDoor = (kind: DoorKind, { host, port }: HostPort): void => {
    const channel = pipeline.open(`syslog:${kind}:${host}:${port}`, 'syslog')
    const origin = { id: `${channel.name}:${randomToken(9)}`, born: clock() }
    let count = 0
    timers.push(setInterval(() => channel.flush(origin), FLUSH_MS))
    doors.set(kind, {
      channel,
      own: 0,
      take: (texts) =>
        channel.lines(
          texts.map((text) => ({ text, offset: count++ })),
          origin,
        ),
    })
  }
  const drop = (kind: DoorKind, count: number, why: string): void => {
    const door = doors.get(kind)
    if (door === undefined) return
    door.own += count
    door.channel.counts.dropped += count
    door.channel.counts.droppedWhy = kind === 'udp' ? 'the disk takes nothing' : why
  }
  const watchKernel = (port: number): void => {
    const before = udpDrops(port, deps.procRoot) ?? 0
    const door = doors.get('udp')
    if (door === undefined) return
    timers.push(
      setInterval(() => {
        const kernel = Math.max(0, (udpDrops(port, deps.procRoot) ?? 0) - before)
        if (kernel > 0) door.channel.counts.droppedWhy ??= 'datagrams came faster than they could be taken (counted by the kernel)'
        door.channel.counts.dropped = door.own + kernel
      }, DROPS_MS),
    )
  }

  return {
    start: async () => {
      const { udp, tcp, tls, cert, key, connections } = config
      const secure = tls === null ? null : { ...tls, cert: readPem(cert), key: readPem(key) }
      for (const [kind, at] of [['udp', udp], ['tcp', tcp], ['tls', tls]] as const) if (at !== null) addDoor(kind, at) // prettier-ignore
      open = await openSyslogDoors(
        { connections, ...(udp === null ? {} : { udp }), ...(tcp === null ? {} : { tcp }), ...(secure === null ? {} : { tls: secure }) },
        {
          take: (messages, { kind }) => doors.get(kind)?.take(messages),
          hasRoom: pipeline.hasRoom,
          room: pipeline.room,
          dropped: drop,
          cut: (kind, count) => {
            const counts = doors.get(kind)?.channel.counts
            if (counts !== undefined) counts.cut += count
          },
          fault: (kind, message) => {
            const counts = doors.get(kind)?.channel.counts
            if (counts !== undefined) counts.error = message
          },
        },
      )
      if (open.ports.udp !== undefined) watchKernel(open.ports.udp)
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      await open?.close()
    },
    ports: () => ({ ...open?.ports }),
  }
}
