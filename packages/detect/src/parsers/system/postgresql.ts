import { ParapetError, type SecurityEvent } from '@parapet/core'
import { contentEnd, LINE_BYTES, type LineParser, type ParseContext } from '../line-parser.js'
import { postgresEvent, type PostgresRecord } from './postgres-message.js'
import { compilePrefix, type PrefixReader } from './postgres-prefix.js'

/** Prefixes that are recognised: PostgreSQL's own, Debian's, those that pgBadger asks for, Amazon's, Docker's and their kin. The more telling come first. */
const PREFIXES = [
  '%m [%p] %q%u@%d ',
  '%m [%p] %q[user=%u,db=%d,app=%a,client=%h] ',
  '%m [%p] %q[user=%u,db=%d,app=%a] ',
  '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ',
  '%t [%p]: user=%u,db=%d,app=%a,client=%h ',
  '%t [%p]: [%l-1] user=%u,db=%d ',
  '%t [%p]: [%l-1] ',
  '%t:%r:%u@%d:[%p]:',
  '%m [%p] %u@%d/%a from %h ',
  '%m [%p] user=%u,db=%d,client=%h ',
  '%m [%p]: ',
  '%m [%p] ',
  '%m ',
] as const

/** What continues the record before it. */
const CONTINUES: ReadonlySet<string> = new Set(['DETAIL', 'STATEMENT', 'HINT', 'CONTEXT', 'QUERY', 'LOCATION'])

/** connections whose address is remembered */
const CONNECTIONS = 4_096

/** Whose address a process serves, by `connection received`; the prefix names it only where somebody asked for that. */
const createPeers = (): ((record: PostgresRecord) => void) => {
  const peers = new Map<number, { address: string | undefined; port: number | undefined }>()
  return (record) => {
    const { pid, message } = record
    if (pid === undefined) return
    if (message.startsWith('disconnection: ')) peers.delete(pid)
    const known = peers.get(pid)
    if (record.address === undefined && known !== undefined) {
      record.address = known.address
      record.port ??= known.port
    }
    if (!message.startsWith('connection received: ')) return
    if (peers.size >= CONNECTIONS)
      for (const oldest of peers.keys()) {
        peers.delete(oldest)
        break
      }
    const event = postgresEvent(record)
    peers.delete(pid)
    peers.set(pid, { address: event['source.ip'], port: event['source.port'] })
  }
}

/** lines without a user after which no other prefix is tried while the one at hand fits */
const SETTLED = 256

/** Tries the reader that fitted last first: a log has one prefix. */
const createReader = (readers: readonly PrefixReader[]): PrefixReader => {
  let last: PrefixReader | undefined
  let settled = 0
  return (line, end, context) => {
    const first = last?.(line, end, context)
    // a background process writes less than a connection does: another prefix may say more
    if (first !== undefined && (first.user !== undefined || readers.length === 1)) return first
    // a second `FATAL:  ` in the line may be the real one, behind a user's name
    if (first !== undefined && ++settled > SETTLED && first.message.indexOf(':  ') < 0) return first
    if (first === undefined) settled = 0
    let best = first
    for (const reader of readers) {
      if (reader === last) continue
      const record = reader(line, end, context)
      if (record === undefined) continue
      if (best === undefined || (best.user === undefined && record.user !== undefined)) {
        best = record
        last = reader
      }
    }
    return best
  }
}

const SNIFFING: ParseContext = { now: Date.UTC(2026, 0, 1) }

/**
 * PostgreSQL's log on stderr, with the given `log_line_prefix`, or with any of the common ones. An opened parser joins DETAIL, STATEMENT and the further lines
 * of a record to it and remembers which address a process serves (`log_connections = on`), so that a refused sign-in names its address; a
 * record is told when the next one starts, or by `flush`. Alone each line is an event. Throws PPT_FORMAT_UNKNOWN for a prefix without a time at its start.
 */
export const createPostgresql = (prefix?: string): LineParser => {
  // readers remember what they read: each stream has its own
  const compile = (): PrefixReader => {
    if (prefix === undefined) return createReader(PREFIXES.map((known) => compilePrefix(known) as PrefixReader))
    const given = compilePrefix(prefix)
    if (given === undefined)
      throw new ParapetError('PPT_FORMAT_UNKNOWN', 'log_line_prefix must begin with %m or %t: set it so in postgresql.conf')
    return createReader([given])
  }
  const shared = compile()
  const isOwn = (line: string): boolean => shared(line, contentEnd(line), SNIFFING) !== undefined

  const open = (): LineParser => {
    const read = compile()
    const peers = createPeers()
    let waiting: PostgresRecord | undefined
    /** which text of the record further lines belong to */
    let tail: 'message' | 'detail' | 'statement' | 'none' = 'none'
    const finish = (): SecurityEvent | undefined => {
      const done = waiting
      waiting = undefined
      tail = 'none'
      if (done === undefined) return undefined
      peers(done)
      return postgresEvent(done)
    }
    const addLine = (text: string): void => {
      if (waiting === undefined || tail === 'none') return
      const before = waiting[tail] ?? ''
      if (before.length < LINE_BYTES) waiting[tail] = `${before}\n${text}`.slice(0, LINE_BYTES)
    }
    const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
      const end = contentEnd(line)
      // PostgreSQL begins the further lines of a record with a tab
      if (line.charCodeAt(0) === 9) {
        addLine(line.slice(1, end))
        return undefined
      }
      const record = read(line, end, context)
      if (record === undefined) return undefined
      if (!CONTINUES.has(record.severity)) {
        const before = finish()
        waiting = record
        tail = 'message'
        return before
      }
      if (waiting === undefined || waiting.pid !== record.pid) return undefined
      if (record.severity === 'DETAIL') waiting.detail ??= record.message
      else if (record.severity === 'STATEMENT') waiting.statement ??= record.message
      tail = record.severity === 'DETAIL' ? 'detail' : record.severity === 'STATEMENT' ? 'statement' : 'none'
      return undefined
    }
    return { ...parser, parse, flush: finish }
  }
  const parser: LineParser = {
    name: 'postgresql',
    parse: (line, context) => {
      const record = shared(line, contentEnd(line), context)
      return record === undefined || CONTINUES.has(record.severity) ? undefined : postgresEvent(record)
    },
    sniff: isOwn,
    isForeign: (line) => line.charCodeAt(0) === 9,
    open,
  }
  return parser
}

/** PostgreSQL's log on stderr with any of the common prefixes; `createPostgresql` takes one of its own. */
export const postgresql: LineParser = createPostgresql()
