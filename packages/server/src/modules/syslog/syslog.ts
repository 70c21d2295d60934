import { readFile } from 'node:fs/promises'
import { canonicalAddress, createAddressSet, type Clock, MINUTE, ParapetError, type SecurityEvent, withoutUndefined } from '@parapet/core'
import { type LineParser, openParser, openSyslogDoors, parserFor, type SyslogDoors } from '@parapet/detect'
import type { Config } from '../../config/index.js'
import type { DatabaseLog } from '../../db/types.js'
import { judgeCandidates } from '../../http/ingest-body.js'
import type { EventStore } from '../events/index.js'
import type { Metrics } from '../metrics/index.js'
import type { Source, Sources } from '../sources/index.js'
import { createInbox } from './inbox.js'

/** The settings of the doors. */
export type SyslogConfig = NonNullable<Config['syslog']>

/** What the doors work with. */
export type SyslogDeps = {
  readonly config: SyslogConfig
  readonly sources: Pick<Sources, 'list' | 'create'>
  readonly events: Pick<EventStore, 'append'>
  readonly metrics: Pick<Metrics, 'ingested' | 'syslogDropped'>
  readonly clock: Clock
  readonly log: DatabaseLog
}

const readPem = (path: string, setting: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ParapetError('PPT_CONFIG_INVALID', `${setting}: the file ${path} cannot be read`, { cause })
  })

/** The row of each source that the settings name; one that is not there yet is made, as a host. */
const rowsOf = async (names: readonly string[], sources: SyslogDeps['sources']): Promise<ReadonlyMap<string, Source>> => {
  const rows = new Map((await sources.list()).map((source) => [source.name, source]))
  for (const name of names) if (!rows.has(name)) rows.set(name, await sources.create({ name, kind: 'host', demo: false }))
  return rows
}

/** Says things at most once a minute: a flood must not fill the log too. */
const createTeller = (log: DatabaseLog, clock: Clock) => {
  const told = new Map<string, number>()
  return (key: string, fields: Readonly<Record<string, unknown>>, message: string): void => {
    const now = clock()
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < MINUTE) return
    told.set(key, now)
    log.warn(fields, message)
  }
}

/**
 * Takes syslog over UDP, TCP and TLS. A sender is the source whose addresses hold its own; everybody else is refused and counted, since what
 * counts as an event must not be for anybody to write. Errors: `PPT_PORT_BUSY`, `PPT_CONFIG_INVALID`, `PPT_FORMAT_UNKNOWN`, `PPT_DATABASE_UNAVAILABLE`.
 */
export const openSyslog = async (deps: SyslogDeps): Promise<SyslogDoors> => {
  const { config, metrics, clock, log } = deps
  const known = await rowsOf(
    config.sources.map(({ name }) => name),
    deps.sources,
  )
  const senders = config.sources.map(({ name, from, format }) => ({
    source: known.get(name) as Source,
    from: createAddressSet(from),
    parser: openParser(parserFor(format)),
  }))
  const byId = new Map([...known.values()].map((source) => [source.id, source]))
  const tell = createTeller(log, clock)
  const drop = (count: number, why: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    metrics.syslogDropped(why, count)
    tell(why, { ...fields, why }, 'syslog messages are dropped')
  }

  const inbox = createInbox(
    async (id, events) => {
      const source = byId.get(id) as Source
      const { accepted, duplicates } = await deps.events.append({ id, name: source.name }, events, clock())
      metrics.ingested('accepted', accepted)
      metrics.ingested('duplicate', duplicates)
    },
    (count, error) => log.error({ err: error, events: count }, 'syslog messages that were taken could not be stored before the stop'),
  )
  const read = (parser: LineParser, messages: readonly string[]): readonly SecurityEvent[] => {
    const now = clock()
    const candidates = messages.flatMap((message) => {
      const event = parser.parse(message, { now })
      // what no parser knows is an event all the same: an operator looks for it under its source
      return [{ value: withoutUndefined(event ?? { '@timestamp': now, 'event.dataset': 'syslog', message }) }]
    })
    const { events, rejected } = judgeCandidates(candidates)
    if (rejected.length > 0) {
      metrics.ingested('rejected', rejected.length)
      tell('rejected', { detail: rejected[0]?.detail }, 'syslog messages are no events')
    }
    return events
  }

  const tls =
    config.tls === undefined
      ? undefined
      : { ...config.tls, cert: await readPem(config.tls.cert, 'syslog.tls.cert'), key: await readPem(config.tls.key, 'syslog.tls.key') }
  const doors = await openSyslogDoors(
    {
      connections: config.connections,
      ...(config.udp === undefined ? {} : { udp: config.udp }),
      ...(config.tcp === undefined ? {} : { tcp: config.tcp }),
      ...(tls === undefined ? {} : { tls }),
    },
    {
      take: (messages, { address }) => {
        const peer = canonicalAddress(address) ?? ''
        const sender = senders.find(({ from }) => from.has(peer))
        if (sender === undefined) drop(messages.length, 'unknown_sender', { address: peer })
        else if (!inbox.put(sender.source.id, read(sender.parser, messages))) drop(messages.length, 'backlog')
      },
      hasRoom: inbox.hasRoom,
      room: inbox.room,
      dropped: (kind, count, why) => drop(count, 'refused', { kind, detail: why }),
      cut: (kind, count) => tell('cut', { kind, count }, 'syslog messages were longer than a line may be and are cut'),
      fault: (kind, message) => log.error({ kind, detail: message }, 'a door of syslog has trouble'),
    },
  )
  log.info({ ...doors.ports, sources: senders.length }, 'syslog is taken')
  return {
    ports: doors.ports,
    close: async () => {
      await doors.close()
      await inbox.close()
    },
  }
}
