import {
  type AgentHeartbeat,
  type EnrolmentMade,
  type EnrolmentView,
  EXCEPTION_LIMITS,
  type ExceptionPreview,
  LEVELS,
  type RuleDetail,
  type RuleException,
  type RuleTestResult,
  type RuleView,
  type SavedView,
  type SourceHealth,
  type TopValues,
  TRIAGE_STATUSES,
  TRIAGE_VERDICTS,
  type TriageAct,
  type TriageDetail,
  type TriageGroup,
  type TriageNote,
} from '@parapet/core'
import { z } from 'zod'
import { line } from './query-schemas.js'
import { alertSchema, storedEventSchema } from './wire-schemas.js'

const ms = z.int().meta({ description: 'milliseconds since 1970, UTC' })
const named = z.object({ id: z.string(), name: z.string() })
const level = z.enum(LEVELS)
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

/** Text of several lines that a person wrote: no control characters but the ends of lines. */
const prose = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !/[^\P{Cc}\n\t]/u.test(text), 'may not hold control characters')

export const groupSchema = z
  .object({
    key: z.string(),
    rule: z.object({ id: z.string(), title: z.string(), level, tags: z.array(z.string()), version: z.string() }),
    scope: z.object({ kind: z.enum(['ip', 'user', 'endpoint', 'event']), value: z.string() }),
    why: z.string(),
    level,
    alerts: z.int(),
    events: z.int(),
    first: ms,
    last: ms,
    targets: z.array(z.string()),
    sources: z.array(named),
    status: z.enum(TRIAGE_STATUSES),
    verdict: z.enum(TRIAGE_VERDICTS).nullable(),
    assignee: named.nullable(),
    snoozedUntil: ms.nullable(),
    decisions: z.int(),
    demo: z.boolean(),
  })
  .meta({ id: 'TriageGroup' }) satisfies z.ZodType<TriageGroup>

const ACTS = ['acknowledge', 'reopen', 'assign', 'snooze', 'close', 'note'] as const

const noteSchema = z
  .object({ at: ms, by: named, act: z.enum([...ACTS, 'reopened']), text: z.string() })
  .meta({ id: 'TriageNote' }) satisfies z.ZodType<TriageNote>

/** What an operator does with a group. */
export const triageActSchema = z
  .discriminatedUnion('act', [
    z.strictObject({ act: z.enum(['acknowledge', 'reopen']) }),
    z.strictObject({ act: z.literal('assign'), operatorId: line(128).nullable() }),
    z.strictObject({ act: z.literal('snooze'), until: z.int().min(0) }),
    z.strictObject({ act: z.literal('close'), verdict: z.enum(TRIAGE_VERDICTS) }),
    z.strictObject({ act: z.literal('note'), text: prose(4_000) }),
  ])
  .meta({ id: 'TriageAct', examples: [{ act: 'close', verdict: 'false_positive' }] }) satisfies z.ZodType<TriageAct>

export const topValuesSchema = z
  .object({ field: z.string(), values: z.array(z.object({ value: z.string(), count: z.int() })), of: z.int(), distinct: z.int() })
  .meta({ id: 'TopValues' }) satisfies z.ZodType<TopValues>

const match = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** What an exception leaves out, as it comes in. */
export const matchSchema = z
  .record(
    z
      .string()
      .max(128)
      .regex(/^[\w@][\w.@-]*$/, 'the name of a field'),
    z.union([z.string().min(1).max(EXCEPTION_LIMITS.value), z.number(), z.boolean()]),
  )
  .refine((fields) => Object.keys(fields).length >= 1 && Object.keys(fields).length <= EXCEPTION_LIMITS.fields, '1 to 8 fields')

/** A line of words that a person wrote. */
export const reasonSchema = line(512)

export const exceptionSchema = z
  .object({ id: z.string(), ruleId: z.string(), match, until: ms, reason: z.string(), by: named, createdAt: ms })
  .meta({ id: 'RuleException' }) satisfies z.ZodType<RuleException>

export const triageDetailSchema = z.object({
  group: groupSchema,
  alerts: z.array(alertSchema),
  events: z.array(storedEventSchema),
  topValues: z.array(topValuesSchema),
  notes: z.array(noteSchema),
  exceptions: z.array(exceptionSchema),
  rule: z.object({ inWords: z.string(), description: z.string(), falsePositives: z.array(z.string()) }),
}) satisfies z.ZodType<TriageDetail>

export const previewSchema = z.object({
  since: ms,
  alerts: z.int(),
  silenced: z.int(),
  events: z.int(),
  eventsLeftOut: z.int(),
  examples: z.array(alertSchema),
  whole: z.boolean(),
}) satisfies z.ZodType<ExceptionPreview>

export const ruleViewSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    title: z.string(),
    level,
    tags: z.array(z.string()),
    version: z.string(),
    kind: z.string(),
    origin: z.string(),
    state: z.enum(['on', 'off', 'broken']),
    problem: z.string().nullable(),
    alerts7d: z.int(),
    lastAlertAt: ms.nullable(),
    verdicts: z.object({ truePositive: z.int(), falsePositive: z.int(), benign: z.int() }),
    precision: z.number().nullable(),
    exceptions: z.int(),
    learning: z.boolean(),
    respond: z.object({ action: z.string(), mode: z.string() }).nullable(),
  })
  .meta({ id: 'Rule' }) satisfies z.ZodType<RuleView>

export const ruleProblemSchema = z.object({ file: z.string(), line: z.int(), ruleId: z.string().exactOptional(), reason: z.string() })

export const ruleDetailSchema = z.object({
  rule: ruleViewSchema,
  description: z.string(),
  inWords: z.string(),
  falsePositives: z.array(z.string()),
  references: z.array(z.string()),
  source: z.string(),
  exceptions: z.array(exceptionSchema),
  latest: z.array(alertSchema),
}) satisfies z.ZodType<RuleDetail>

/** An alert that was only tried out: nothing of it is stored. */
const triedAlertSchema = alertSchema.pick({
  id: true,
  rule: true,
  group: true,
  scope: true,
  first: true,
  last: true,
  count: true,
  targets: true,
  events: true,
  why: true,
})

export const ruleTestSchema = z.object({
  since: ms,
  events: z.int(),
  alerts: z.array(triedAlertSchema),
  whole: z.boolean(),
  ms: z.number(),
}) satisfies z.ZodType<RuleTestResult>

export const savedViewSchema = z
  .object({ id: z.string(), name: z.string(), query: z.string(), shared: z.boolean(), by: named, createdAt: ms })
  .meta({ id: 'SavedView' }) satisfies z.ZodType<SavedView>

const inputSchema = z.object({
  name: line(256),
  format: line(64).nullable(),
  lines: count,
  events: count,
  unknown: count,
  cut: count,
  dropped: count,
  droppedWhy: line(512).nullable(),
  lastEventAt: ms.nullable(),
  behindBytes: count.nullable(),
  error: line(512).nullable(),
})

/** What an agent says of itself; bounded, since it is kept and shown. */
export const heartbeatSchema = z
  .object({
    version: line(64),
    host: line(256),
    startedAt: ms,
    now: ms,
    inputs: z.array(inputSchema).max(256),
    spool: z.object({ events: count, bytes: count, oldestAt: ms.nullable(), dropped: count }),
    rules: z.object({ running: count, problems: count }),
    alerts: count,
  })
  .meta({ id: 'AgentHeartbeat' }) satisfies z.ZodType<AgentHeartbeat>

export const sourceHealthSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['application', 'host']),
    demo: z.boolean(),
    createdAt: ms,
    lastEventAt: ms.nullable(),
    state: z.enum(['live', 'silent', 'new']),
    events24h: z.int(),
    lagMs: z.number().nullable(),
    silentAfterMs: z.int().nullable().meta({ description: 'no word for so long is an alert; null: never' }),
    resetUrl: z
      .string()
      .nullable()
      .exactOptional()
      .meta({ description: 'where its users set a new password; mails about resets link to it' }),
    agent: heartbeatSchema.extend({ receivedAt: ms, state: z.enum(['live', 'silent']) }).nullable(),
  })
  .meta({ id: 'SourceHealth' }) satisfies z.ZodType<SourceHealth>

export const enrolmentMadeSchema = z.object({
  id: z.string(),
  token: z.string(),
  expiresAt: ms,
  command: z.string(),
}) satisfies z.ZodType<EnrolmentMade>

export const enrolmentSchema = z
  .object({ id: z.string(), name: z.string(), createdAt: ms, expiresAt: ms, by: named })
  .meta({ id: 'Enrolment' }) satisfies z.ZodType<EnrolmentView>
