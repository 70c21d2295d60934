import { type Clock, MINUTE, systemClock } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import { readOrigins } from '../csrf/csrf.js'
import { integerOption, knownOptions, optionError } from '../options/check.js'
import type { GuardRequest, RequestLike } from '../request/guard-request.js'
import { createViolationTable } from './table.js'
import type { CspCollected, CspCollector, CspDrop, CspReport } from './types.js'
import { readReports } from './violation.js'

/** What {@link createCspCollector} takes. */
export type CspCollectorOptions = {
  /** told of each kind of violation when it is seen first, then at most once a minute with how often it came */
  readonly report: (reports: readonly CspReport[]) => void
  /** origins whose pages may report, such as `https://app.example`; left out, all */
  readonly origins?: readonly string[]
  /** tells sources apart by address prefix; left out, by the address of the TCP peer */
  readonly clientAddress?: (request: RequestLike) => ClientAddress
  /** default 65,536 */
  readonly maxBodyBytes?: number
  /** violations that are read of one body; default 50 */
  readonly maxEntries?: number
  /** violations of one source in a minute; default 60 */
  readonly perSource?: number
  /** violations of all sources in a minute; default 600 */
  readonly total?: number
  /** kinds of violations that are told apart; default 500 */
  readonly kinds?: number
  /** reports told in a minute; default 100 */
  readonly maxTold?: number
  readonly clock?: Clock
}

const KNOWN = [
  'report', 'origins', 'clientAddress', 'maxBodyBytes', 'maxEntries', 'perSource', 'total', 'kinds', 'maxTold', 'clock',
] as const // prettier-ignore

/** Sources that are counted one by one in a minute; the rest share what is left of the total. */
const MOST_SOURCES = 10_000
/** A body beyond the bound is read on so far, so that its sender still gets his answer; then the connection goes. */
const DRAIN = 4

/** How much each source and all together have used of the present minute. */
const createShares = (perSource: number, total: number): ((source: string, cost: number, now: number) => CspDrop | undefined) => {
  const bySource = new Map<string, number>()
  let [ends, all] = [0, 0]
  return (source, cost, now) => {
    // a clock that was set back must not leave a share used up until the old time comes again
    if (now >= ends || now < ends - MINUTE) {
      ;[ends, all] = [now + MINUTE, 0]
      bySource.clear()
    }
    const used = bySource.get(source) ?? 0
    if (used >= perSource) return 'source_limit'
    if (all >= total) return 'total_limit'
    if (used > 0 || bySource.size < MOST_SOURCES) bySource.set(source, used + cost)
    all += cost
    return undefined
  }
}

/**
 * Builds the end of `report-uri` and `report-to`: nobody signs in there, so that bodies, entries, sources, kinds and what is told are all
 * bounded, and a report never costs more than it says. Answer every request with 204 and nothing else. Throws `PPT_CONFIG_INVALID`.
 * Sources: CSP3, section 5; W3C Reporting API; ASVS 5.0 V3.4.7.
 */
export const createCspCollector = (options: CspCollectorOptions): CspCollector => {
  knownOptions('reports', options, KNOWN)
  const { report, clientAddress, clock = systemClock } = options
  if (typeof report !== 'function') throw optionError('reports.report', report, 'give a function that is told of violations')
  const origins = options.origins === undefined ? undefined : readOrigins('reports.origins', options.origins)
  const maxBody = integerOption('reports.maxBodyBytes', options.maxBodyBytes, 65_536, 1_024, 1_048_576)
  const maxEntries = integerOption('reports.maxEntries', options.maxEntries, 50, 1, 1_000)
  const shares = createShares(
    integerOption('reports.perSource', options.perSource, 60, 1, 100_000),
    integerOption('reports.total', options.total, 600, 1, 1_000_000),
  )
  const table = createViolationTable({
    kinds: integerOption('reports.kinds', options.kinds, 500, 1, 100_000),
    perWindow: integerOption('reports.maxTold', options.maxTold, 100, 1, 100_000),
    windowMs: MINUTE,
    report: (reports) => {
      told += reports.length
      try {
        const telling: unknown = report(reports)
        // a listener may be asynchronous all the same: anybody may post here, and a rejection would end the process
        if (telling instanceof Promise) telling.catch(() => undefined)
      } catch {
        // whoever listens must not decide what a browser is answered
      }
    },
  })
  const isOurs = (origin: string | undefined): boolean => origins === undefined || (origin !== undefined && origins.has(origin))
  let [bodies, violations, told] = [0, 0, 0]
  const dropped: Record<CspDrop, number> = {
    method: 0, media_type: 0, too_large: 0, malformed: 0, source_limit: 0, total_limit: 0, extension: 0, foreign_document: 0, other_type: 0,
    too_many: 0, table_full: 0,
  } // prettier-ignore

  const refuse = (reason: Extract<CspCollected, { kind: 'refused' }>['reason']): CspCollected => {
    dropped[reason]++
    return { kind: 'refused', reason }
  }
  const sourceOf = (request: GuardRequest): string => {
    const client = clientAddress?.(request)
    return client?.kind === 'known' ? client.key : (request.peer ?? '')
  }
  const formatOf = (request: GuardRequest): 'csp-report' | 'reports+json' | undefined => {
    const [type = ''] = (request.header('content-type') ?? '').slice(0, 100).split(';', 1)
    const given = type.trim().toLowerCase()
    if (given === 'application/csp-report') return 'csp-report'
    return given === 'application/reports+json' ? 'reports+json' : undefined
  }

  const take = (request: GuardRequest, body: Uint8Array): CspCollected => {
    bodies++
    const now = clock()
    const format = formatOf(request)
    if (request.method !== 'POST') return refuse('method')
    if (format === undefined) return refuse('media_type')
    if (body.length > maxBody) return refuse('too_large')
    const source = sourceOf(request)
    // before it is parsed: a body costs a source at least one
    const over = shares(source, 1, now)
    if (over === 'source_limit' || over === 'total_limit') return refuse(over)
    let read: ReturnType<typeof readReports>
    try {
      read = readReports(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)), format, maxEntries, isOurs)
    } catch {
      read = undefined
    }
    if (read === undefined) return refuse('malformed')
    let [taken, fell] = [0, 0]
    read.forEach((one, i) => {
      let why = one.kind === 'dropped' ? one.why : undefined
      if (one.kind === 'violation') {
        if (i > 0) why = shares(source, 1, now)
        if (why === undefined && !table.add(one.violation, now)) why = 'table_full'
      }
      if (why === undefined) taken++
      else {
        dropped[why]++
        fell++
      }
    })
    violations += taken
    return { kind: 'taken', violations: taken, dropped: fell }
  }

  return {
    take,
    collect: async (request, body) => {
      const chunks: Uint8Array[] = []
      let size = 0
      try {
        for await (const chunk of body ?? []) {
          size += chunk.length
          if (size <= maxBody) chunks.push(chunk)
          else chunks.length = 0
          if (size > maxBody * DRAIN) break
        }
      } catch {
        bodies++
        return refuse('malformed')
      }
      if (size > maxBody) {
        bodies++
        return refuse('too_large')
      }
      return take(request, Buffer.concat(chunks))
    },
    flush: () => table.tell(clock(), true),
    stats: () => ({ bodies, violations, told, kept: table.size(), dropped: { ...dropped } }),
  }
}
