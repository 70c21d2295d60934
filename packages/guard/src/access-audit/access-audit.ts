import { type Clock, SECOND, systemClock } from '@parapet/core'
import { isSpelt } from '../enforcement/routes.js'
import { visibleText } from '../events/security-events.js'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError, textListOption } from '../options/check.js'
import { createQueue } from './queue.js'
import { actionOf, type IdTypes, outcomeOf, readPatterns, resourceOf } from './resource.js'
import type { AccessAuditStats, AccessEntry, AccessSink } from './types.js'

/** What {@link createAccessAudit} takes. */
export type AccessAuditOptions = {
  readonly sink: AccessSink
  /** `block`: the answer waits for its record. `async` (default): records are written in batches, beside the requests */
  readonly mode?: 'block' | 'async'
  /** in `block`, when the sink does not take the record: `refuse` (default) answers 503, `allow` counts it and goes on */
  readonly onFailure?: 'refuse' | 'allow'
  /** where records are kept: paths that begin like this, each ending in `/`; default `/api/` */
  readonly paths?: readonly string[]
  /** for frameworks that tell no pattern: `/api/documents/:id` makes resource `documents` and its id */
  readonly patterns?: readonly string[]
  /** reading is recorded too; default true */
  readonly views?: boolean
  /** records that wait at a time; 10,000. What finds no room is counted as dropped, and told */
  readonly queue?: number
  /** records of one batch; 500 */
  readonly batch?: number
  /** the longest that a record waits for its batch, ms; 1 s */
  readonly flushMs?: number
  /** the sink has this long, ms; 5 s */
  readonly timeoutMs?: number
  /** types of public ids (`guard.id`): in paths they look like secrets, and are none; in `createGuard` those of `publicIds` */
  readonly publicIds?: readonly string[]
  readonly clock?: Clock
  /** told of records that were lost, and of a sink that fails */
  readonly report?: (trouble: { readonly kind: 'dropped' | 'failed'; readonly count: number; readonly reason: string }) => void
}

/** One answered request, as the guard knows it. */
export type Access = {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly route: string | undefined
  readonly actor: AccessEntry['actor']
  readonly address: string | undefined
  readonly userAgent: string | undefined
  /** why the guard refused it */
  readonly reason: string | undefined
}

/** Records who saw and changed what. Nothing here throws or rejects. */
export type AccessAudit = {
  /** in `block` mode answers to such a path wait */
  readonly holds: boolean
  /** whether records are kept of this */
  readonly covers: (method: string, path: string) => boolean
  /** puts a record into the queue */
  readonly note: (access: Access) => void
  /** writes a record now; false when the answer must not go out */
  readonly write: (access: Access) => Promise<boolean>
  readonly stats: () => AccessAuditStats
  /** writes what waits; for the end of the process */
  readonly close: () => Promise<void>
}

const NAMES = [
  'sink',
  'mode',
  'onFailure',
  'paths',
  'patterns',
  'views',
  'queue',
  'batch',
  'flushMs',
  'timeoutMs',
  'publicIds',
  'clock',
  'report',
] as const

/** One access as it is recorded: bounded, escaped, without query and without what looks like a secret. */
export const accessEntry = (access: Access, at: number, patterns: ReturnType<typeof readPatterns> = [], types?: IdTypes): AccessEntry => {
  const { route, type, id } = resourceOf(access.path, access.route, patterns, types)
  const { actor } = access
  return {
    id: access.id,
    at,
    actor: actor.kind === 'subject' ? { kind: 'subject', id: visibleText(actor.id, 256), session: actor.session } : { kind: actor.kind },
    action: actionOf(access.method, id !== undefined),
    resource: { type: visibleText(type, 128), ...(id === undefined ? {} : { id: visibleText(id, 128) }) },
    outcome: outcomeOf(access.status, access.reason !== undefined),
    status: access.status,
    method: visibleText(access.method, 32),
    route: visibleText(route, 256),
    ...(access.address === undefined ? {} : { address: access.address }),
    ...(access.userAgent === undefined ? {} : { userAgent: visibleText(access.userAgent, 512) }),
    ...(access.reason === undefined ? {} : { reason: access.reason }),
  }
}

const pathsOption = (value: unknown): readonly string[] => {
  const fix = "give the beginnings of paths, each ending in /, such as ['/api/']"
  const list = textListOption('accessAudit.paths', value, fix)
  for (const path of list) if (!/^\/(?:[\w\-.~]+\/)*$/.test(path)) throw optionError('accessAudit.paths', path, fix)
  return list.map((path) => path.toLowerCase())
}

/** Builds the record of accesses. Throws `PPT_CONFIG_INVALID`. Sources: ASVS 5.0 16.2.1, 16.3.2. */
export const createAccessAudit = (options: AccessAuditOptions): AccessAudit => {
  knownOptions('accessAudit', options, NAMES)
  const { sink, clock = systemClock, report = () => undefined } = options
  if (typeof sink !== 'object' || sink === null || typeof sink.record !== 'function')
    throw optionError('accessAudit.sink', typeof sink, 'give { record: async (entries) => ... }')
  const paths = pathsOption(options.paths ?? ['/api/'])
  const patterns = readPatterns(
    'accessAudit.patterns',
    textListOption('accessAudit.patterns', options.patterns ?? [], 'give paths such as /api/documents/:id'),
  )
  const types = new Set(textListOption('accessAudit.publicIds', options.publicIds ?? [], 'give types of public ids, such as doc'))
  const views = booleanOption('accessAudit.views', options.views, true)
  const holds = choiceOption('accessAudit.mode', options.mode, 'async', ['block', 'async']) === 'block'
  const refuses = choiceOption('accessAudit.onFailure', options.onFailure, 'refuse', ['refuse', 'allow']) === 'refuse'
  const queue = createQueue({
    sink,
    room: integerOption('accessAudit.queue', options.queue, 10_000, 1, 1_000_000),
    batch: integerOption('accessAudit.batch', options.batch, 500, 1, 10_000),
    flushMs: integerOption('accessAudit.flushMs', options.flushMs, SECOND, 1, 60_000),
    timeoutMs: integerOption('accessAudit.timeoutMs', options.timeoutMs, 5 * SECOND, 10, 60_000),
    report: (trouble) => {
      try {
        report(trouble)
      } catch {
        // whoever listens must not break a request
      }
    },
  })

  return {
    holds,
    covers: (method, path) => {
      if (!views && actionOf(method, false) === 'view') return false
      // cheap first: most requests are spelt as they are meant; `/documents` is the whole of what is below `/documents/`
      const spelt = `${path.toLowerCase()}/`
      if (paths.some((start) => spelt.startsWith(start))) return true
      if (!/[%\\;]|\/[./]/.test(path)) return false
      return isSpelt(path, (normal) => paths.some((start) => `${normal}/`.startsWith(start)))
    },
    note: (access) => queue.put(accessEntry(access, clock(), patterns, types)),
    write: async (access) => (await queue.write([accessEntry(access, clock(), patterns, types)])) || !refuses,
    stats: queue.stats,
    close: queue.close,
  }
}
