import { createMemo, type FieldValue, type SecurityEvent } from '@parapet/core'
import type { ParseContext } from '../line-parser.js'
import { NO_TIME } from '../stamps.js'
import { clearHttpDraft, createHttpDraft, outcomeOf, setRequestLine, setTarget } from '../web/http-event.js'
import { BASE_FIELDS, type FieldPlan, type MappingPlan, type Meaning, type WantedNode } from './field-plan.js'
import { readTime } from './field-readers.js'
import { EVENT_TYPE, eventKey, KNOWN_EVENTS, REQUEST_LINE, REQUEST_TARGET, SOME_HOST } from './known-names.js'
import type { JsonRecord } from './json-line.js'

/** Makes an event of a record. `undefined`: it tells no time. `reason`: what is wrong with the line itself. */
export type RecordReader = (record: JsonRecord, context: ParseContext, reason: string | undefined) => SecurityEvent | undefined

const SIGN_INS: ReadonlySet<string> = new Set(['login', 'signin', 'sign_in', 'auth', 'authentication', 'authenticate', 'user_signin'])
const MESSAGE: Meaning = { category: 'application', action: 'message' }
const REQUEST: Meaning = { category: 'web', action: 'http-request' }

type Draft = { [field: string]: FieldValue | undefined; '@timestamp': number }

const DEEPEST = 8

/** Walks a record along the names that are wanted; the values land in `values`, the surest of each slot. */
const createWalk = ({
  root,
  targets,
}: FieldPlan): { readonly values: (FieldValue | undefined)[]; readonly walk: (record: JsonRecord) => void } => {
  const values: (FieldValue | undefined)[] = targets.map(() => undefined)
  const ranks = new Float64Array(targets.length)
  const visit = (record: JsonRecord, level: ReadonlyMap<string, WantedNode>, depth: number): void => {
    for (const name in record) {
      const node = level.get(name)
      if (node === undefined) continue
      const value = record[name]
      const { slot, children } = node
      if (children !== undefined && typeof value === 'object' && value !== null && depth < DEEPEST)
        visit(value as JsonRecord, children, depth + 1)
      if (slot < 0 || node.rank >= (ranks[slot] as number)) continue
      const read = node.read(value)
      if (read === undefined) continue
      values[slot] = read
      ranks[slot] = node.rank
    }
  }
  return {
    values,
    walk: (record) => {
      values.fill(undefined)
      ranks.fill(Number.POSITIVE_INFINITY)
      visit(record, root, 0)
    },
  }
}

const textOr = (value: FieldValue | undefined): string | undefined => (typeof value === 'string' ? value : undefined)
const numberOr = (value: FieldValue | undefined): number | undefined => (typeof value === 'number' ? value : undefined)

/** Builds the reader of a plan. Events of every plan have the same fields in the same order; what only one mapping names comes behind them. */
export const createRecordReader = (plan: MappingPlan): RecordReader => {
  const { fields } = plan
  const { values, walk } = createWalk(fields)
  const slots = new Map(fields.targets.map((target, slot) => [target, slot]))
  const slotOf = (target: string): number => slots.get(target) ?? values.length
  const special = new Set([
    ...BASE_FIELDS,
    '@timestamp',
    'event.category',
    'event.action',
    'event.outcome',
    EVENT_TYPE,
    REQUEST_LINE,
    REQUEST_TARGET,
    SOME_HOST,
  ])
  const extra = fields.targets.flatMap((target, slot) => (special.has(target) ? [] : [[target, slot] as const]))
  const at = {
    time: slotOf('@timestamp'),
    category: slotOf('event.category'),
    action: slotOf('event.action'),
    outcome: slotOf('event.outcome'),
    type: slotOf(EVENT_TYPE),
    line: slotOf(REQUEST_LINE),
    target: slotOf(REQUEST_TARGET),
    someHost: slotOf(SOME_HOST),
    reason: slotOf('event.reason'),
    level: slotOf('log.level'),
    message: slotOf('message'),
    ip: slotOf('source.ip'),
    port: slotOf('source.port'),
    userId: slotOf('user.id'),
    user: slotOf('user.name'),
    session: slotOf('session.id'),
    method: slotOf('http.request.method'),
    path: slotOf('url.path'),
    query: slotOf('url.query'),
    original: slotOf('url.original'),
    version: slotOf('http.version'),
    status: slotOf('http.response.status_code'),
    bytes: slotOf('http.response.body.bytes'),
    referrer: slotOf('http.request.referrer'),
    agent: slotOf('user_agent.original'),
    domain: slotOf('url.domain'),
    duration: slotOf('event.duration'),
    service: slotOf('service.name'),
    host: slotOf('host.name'),
    process: slotOf('process.name'),
    pid: slotOf('process.pid'),
    errorType: slotOf('error.type'),
    errorMessage: slotOf('error.message'),
    forwarded: slotOf('labels.http_x_forwarded_for'),
    country: slotOf('source.geo.country_iso_code'),
    lat: slotOf('source.geo.location.lat'),
    lon: slotOf('source.geo.location.lon'),
    asn: slotOf('source.as.number'),
    tags: slotOf('tags'),
  }
  const http = createHttpDraft()
  /** logs have few kinds of events, and each is told again and again */
  const keys = createMemo<string>(256, 64)
  const keyOf = (kind: string): string => {
    const known = keys.get(kind)
    if (known !== undefined) return known
    const key = eventKey(kind)
    keys.set(kind, key)
    return key
  }

  const meaningOf = (kind: string | undefined): Meaning => {
    const told = kind === undefined ? undefined : plan.events.get(kind)
    if (told !== undefined) return told
    const ownAction = textOr(values[at.action])
    const ownCategory = textOr(values[at.category])
    if (ownCategory !== undefined && (ownAction ?? kind) !== undefined) return { category: ownCategory, action: ownAction ?? kind ?? '' }
    if (plan.guess && kind !== undefined) {
      const key = keyOf(kind)
      const known = KNOWN_EVENTS.get(key)
      if (known !== undefined) return known
      if (SIGN_INS.has(key) && values[at.outcome] !== undefined && (values[at.user] !== undefined || values[at.ip] !== undefined))
        return { category: 'authentication', action: 'login' }
    }
    if (plan.guess && http.method !== undefined && http.path !== undefined) return REQUEST
    if (ownAction !== undefined) return { category: ownCategory ?? 'application', action: ownAction }
    return plan.events.get('*') ?? MESSAGE
  }

  const readRequest = (): void => {
    clearHttpDraft(http)
    const text = textOr(values[at.line])
    if (text !== undefined) setRequestLine(http, text, 0, text.length, false)
    const asked = textOr(values[at.target]) ?? textOr(values[at.original])
    if (http.target === undefined && asked !== undefined) setTarget(http, asked)
    http.method ??= textOr(values[at.method])
    const own = textOr(values[at.path])
    if (own !== undefined && http.path === undefined) setTarget(http, own)
    http.query ??= textOr(values[at.query])
    if (http.query?.startsWith('?') === true) http.query = http.query.slice(1)
    if (http.query !== undefined && http.target !== undefined && !http.target.includes('?')) http.target += `?${http.query}`
    const said = textOr(values[at.version])
    http.version ??= said?.startsWith('HTTP/') === true ? said.slice(5) : said
  }

  return (record, context, reason) => {
    walk(record)
    const time = readTime(values[at.time], plan.time, context.utcOffsetMinutes ?? 0)
    if (time === NO_TIME) return undefined
    readRequest()
    const kind = textOr(values[at.type])
    const meaning = meaningOf(kind)
    const code = numberOr(values[at.status])
    const told = values[at.outcome] as 'success' | 'failure' | undefined
    const asked = http.method !== undefined
    const event: Draft = {
      '@timestamp': time,
      'event.category': meaning.category,
      'event.action': meaning.action,
      'event.outcome': meaning.outcome ?? told ?? (meaning.action === 'http-request' ? outcomeOf(code) : 'unknown'),
      'event.reason': reason ?? meaning.reason ?? http.reason ?? values[at.reason],
      'event.dataset': plan.dataset,
      'log.level': values[at.level],
      // structured loggers call their message `event`
      message: values[at.message] ?? (kind?.includes(' ') === true ? kind : undefined),
      'source.ip': values[at.ip],
      'source.port': values[at.port],
      'user.id': values[at.userId],
      'user.name': values[at.user],
      'session.id': values[at.session],
      'http.request.method': http.method,
      'url.path': http.path,
      'url.query': http.query,
      'url.original': http.target,
      'http.version': http.version,
      'http.response.status_code': code,
      'http.response.body.bytes': values[at.bytes],
      'http.request.referrer': values[at.referrer],
      'user_agent.original': values[at.agent],
      'url.domain': values[at.domain] ?? (asked ? values[at.someHost] : undefined),
      'event.duration': values[at.duration],
      'service.name': values[at.service],
      'host.name': values[at.host] ?? (asked ? undefined : values[at.someHost]),
      'process.name': values[at.process],
      'process.pid': values[at.pid],
      'error.type': values[at.errorType],
      'error.message': values[at.errorMessage],
      'labels.http_x_forwarded_for': values[at.forwarded],
      'labels.event_type': kind,
      'source.geo.country_iso_code': values[at.country],
      'source.geo.location.lat': values[at.lat],
      'source.geo.location.lon': values[at.lon],
      'source.as.number': values[at.asn],
      tags: values[at.tags],
    }
    for (let i = 0; i < extra.length; i++) {
      const [field, slot] = extra[i] as readonly [string, number]
      event[field] = values[slot]
    }
    for (let i = 0; i < plan.fixed.length; i++) {
      const [field, value] = plan.fixed[i] as readonly [string, FieldValue]
      event[field] = value
    }
    return event
  }
}
