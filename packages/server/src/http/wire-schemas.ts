import {
  type AlertDetail,
  type AlertView,
  type Decision,
  DECISION_ACTIONS,
  type DecisionConfirmation,
  ENFORCER_KINDS,
  ERRORS,
  type ErrorCode,
  EVENT_LIMITS,
  type IngestResult,
  LEVELS,
  LOCKDOWN_MODES,
  type Overview,
  type StoredEvent,
  type WhyAnswer,
} from '@parapet/core'
import { z } from 'zod'

const ms = z.int().meta({ description: 'milliseconds since 1970, UTC' })
const named = z.object({ id: z.string(), name: z.string() })
const level = z.enum(LEVELS)
const scalar = z.union([z.string().max(EVENT_LIMITS.text), z.number(), z.boolean()])
const fieldValue = z.union([z.string().max(EVENT_LIMITS.text), z.number(), z.boolean(), z.null(), z.array(scalar).max(EVENT_LIMITS.items)])
const short = z.string().max(512)
const text = z.string().max(EVENT_LIMITS.text)

/** An event as it may come in: flat ECS names, the ones that Parapet reads with their types, all others with any value within bounds. */
export const eventSchema = z
  .object({
    '@timestamp': z.int().min(0).max(253_402_300_799_999).meta({ description: 'when it happened, milliseconds since 1970 UTC' }),
    'event.id': z.string().min(1).max(128).optional().meta({ description: 'unique for its source: an event sent twice is kept once' }),
    'event.category': short.optional(),
    'event.action': short.optional(),
    'event.outcome': z.enum(['success', 'failure', 'unknown']).optional(),
    'event.reason': short.optional(),
    'event.dataset': short.optional(),
    'event.original': text.optional(),
    message: text.optional(),
    'host.name': short.optional(),
    'service.name': short.optional(),
    'process.name': short.optional(),
    'process.pid': z.int().optional(),
    'source.ip': z.string().max(64).optional(),
    'source.port': z.int().optional(),
    'user.id': short.optional(),
    'user.name': short.optional(),
    'session.id': short.optional(),
    'device.id': short.optional(),
    'url.path': text.optional(),
    'url.query': text.optional(),
    'url.original': text.optional(),
    'http.request.method': z.string().max(64).optional(),
    'http.request.referrer': text.optional(),
    'http.response.status_code': z.int().optional(),
    'http.response.body.bytes': z.number().optional(),
    'user_agent.original': text.optional(),
    tags: z.array(z.string().max(128)).max(EVENT_LIMITS.items).optional(),
  })
  .catchall(fieldValue)
  .meta({
    id: 'Event',
    examples: [
      {
        '@timestamp': 1_795_200_000_000,
        'event.category': 'authentication',
        'event.action': 'login',
        'event.outcome': 'failure',
        'source.ip': '203.0.113.7',
        'user.name': 'ann',
      },
    ],
  })

/** An event as it is given back: what was stored is not judged again. */
const storedEventBody = z.record(z.string(), z.unknown()) as unknown as z.ZodType<StoredEvent['event']>

const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]])

export const ingestResultSchema = z
  .object({
    accepted: z.int(),
    duplicates: z.int(),
    rejected: z.array(z.object({ index: z.int(), code: errorCode, detail: z.string() })),
  })
  .meta({ id: 'IngestResult', examples: [{ accepted: 2, duplicates: 0, rejected: [] }] }) satisfies z.ZodType<IngestResult>

export const storedEventSchema = z
  .object({ id: z.string(), sequence: z.int(), receivedAt: ms, source: named, event: storedEventBody })
  .meta({ id: 'StoredEvent' }) satisfies z.ZodType<StoredEvent>

const authorSchema = z.object({ kind: z.enum(['policy', 'operator', 'token', 'cli']), id: z.string(), name: z.string().exactOptional() })

export const targetKindSchema = z.enum(['ip', 'cidr', 'user', 'session', 'country', 'asn', 'all'])
export const actionSchema = z.enum(DECISION_ACTIONS)
export const scopeSchema = z.enum(['login', 'all'])

export const decisionSchema = z
  .object({
    id: z.string(),
    revision: z.int(),
    target: z.object({ kind: targetKindSchema, value: z.string() }),
    action: actionSchema,
    limit: z.object({ limit: z.int().min(1).max(100_000), windowMs: z.int().min(1_000).max(86_400_000) }).exactOptional(),
    lockdown: z.object({ mode: z.enum(LOCKDOWN_MODES), allow: z.array(z.string()) }).exactOptional(),
    scope: scopeSchema,
    mode: z.enum(['enforce', 'observe']),
    enforcers: z.array(z.enum(ENFORCER_KINDS)).exactOptional(),
    reason: z.string(),
    author: authorSchema,
    rule: z.object({ id: z.string(), title: z.string(), level, version: z.string() }).exactOptional(),
    alertId: z.string().exactOptional(),
    batch: z.string(),
    startsAt: ms,
    expiresAt: ms,
    lifted: z.object({ at: ms, by: authorSchema, reason: z.string() }).exactOptional(),
  })
  .meta({ id: 'Decision' }) satisfies z.ZodType<Decision>

export const confirmationSchema = z.object({
  enforcer: z.object({ kind: z.enum(ENFORCER_KINDS), instance: z.string(), source: named }),
  state: z.enum(['in_force', 'waiting', 'refused', 'observed', 'not_able', 'silent']),
  detail: z.string(),
}) satisfies z.ZodType<DecisionConfirmation>

export const alertSchema = z
  .object({
    id: z.string(),
    rule: z.object({ id: z.string(), title: z.string(), level, tags: z.array(z.string()), version: z.string() }),
    group: z.record(z.string(), z.string()),
    scope: z.object({ kind: z.enum(['ip', 'user', 'endpoint', 'event']), value: z.string() }),
    first: ms,
    last: ms,
    count: z.number(),
    targets: z.array(z.string()),
    events: z.array(z.union([z.string(), z.number()])),
    why: z.string(),
    detectedAt: ms,
    updatedAt: ms,
    sources: z.array(named),
    decisionIds: z.array(z.string()),
    demo: z.boolean(),
  })
  .meta({ id: 'Alert' }) satisfies z.ZodType<AlertView>

export const alertDetailSchema = z.object({
  alert: alertSchema,
  rule: z.object({
    id: z.string(),
    description: z.string(),
    inWords: z.string(),
    falsePositives: z.array(z.string()),
    references: z.array(z.string()),
    source: z.string(),
  }),
  events: z.array(storedEventSchema),
  decisions: z.array(decisionSchema),
}) satisfies z.ZodType<AlertDetail>

export const whySchema = z.object({
  target: z.string(),
  blocked: z.boolean(),
  decisions: z.array(decisionSchema),
  alerts: z.array(alertSchema),
  events: z.array(storedEventSchema),
  confirmations: z.array(z.object({ decisionId: z.string(), at: z.array(confirmationSchema) })).exactOptional(),
  incidents: z.array(z.object({ id: z.string(), title: z.string() })).exactOptional(),
}) satisfies z.ZodType<WhyAnswer>

const sourceState = z.enum(['live', 'silent', 'new'])

export const overviewSchema = z.object({
  now: ms,
  status: z.object({ level: z.enum(['quiet', 'attention', 'attack']), sentence: z.string() }),
  needsYou: z.array(
    z.object({
      kind: z.enum(['alert', 'source', 'setup', 'budget']),
      id: z.string(),
      title: z.string(),
      detail: z.string(),
      href: z.string(),
    }),
  ),
  last24h: z.object({
    events: z.int(),
    alerts: z.record(level, z.int()),
    decisions: z.int(),
    hours: z.array(z.object({ at: ms, events: z.int(), alerts: z.int() })),
  }),
  activeDecisions: z.int(),
  sources: z.array(z.object({ id: z.string(), name: z.string(), lastEventAt: ms.nullable(), state: sourceState })),
  latest: z.array(alertSchema),
}) satisfies z.ZodType<Overview>

/** A page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().meta({ description: 'cursor of the following page' }) })
