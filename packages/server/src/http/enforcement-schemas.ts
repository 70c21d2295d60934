import {
  type DecisionDetail,
  type DecisionPreview,
  type DecisionRequest,
  ENFORCER_KINDS,
  type EnforcerReport,
  type EnforcerView,
  LEVELS,
  type Lockdown,
  LOCKDOWN_MODES,
  type LockdownPreflight,
  type LockdownView,
  type PolicyPreview,
  type PolicyView,
} from '@parapet/core'
import { z } from 'zod'
import { line } from './query-schemas.js'
import {
  actionSchema,
  alertSchema,
  confirmationSchema,
  decisionSchema,
  scopeSchema,
  storedEventSchema,
  targetKindSchema,
} from './wire-schemas.js'

const ms = z.int().meta({ description: 'milliseconds since 1970, UTC' })
const named = z.object({ id: z.string(), name: z.string() })
const level = z.enum(LEVELS)
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const kind = z.enum(ENFORCER_KINDS)

export const modeSchema = z.enum(['enforce', 'observe'])

/** A sentence of a host: cut to a line, whatever stands in it. */
const words = (max: number) =>
  z
    .string()
    .max(4_096)
    .transform((text) => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').slice(0, max))

/** A report, every list and text of it bounded. */
const reportOf = (sentence: (max: number) => z.ZodType<string>) => ({
  kind,
  instance: line(100),
  version: line(64),
  mode: modeSchema,
  now: count,
  revision: count,
  wanted: count,
  held: count.nullable(),
  checkedAt: count.nullable(),
  repairs: z.array(z.object({ at: count, what: sentence(300) })).max(20),
  refused: z.array(z.object({ id: line(128), reason: sentence(300) })).max(50),
  cannot: z.array(actionSchema).max(16),
  latencyMs: z.object({ p50: z.number().min(0).max(1e9), p99: z.number().min(0).max(1e9) }).nullable(),
  trouble: sentence(500).nullable(),
})

/** A report as it may come in. */
export const enforcerReportSchema = z.object(reportOf(words)) satisfies z.ZodType<EnforcerReport>

export const enforcerViewSchema = z
  .object({
    ...reportOf(() => z.string()),
    source: named,
    receivedAt: ms,
    state: z.enum(['in_step', 'behind', 'drift', 'trouble', 'silent']),
    behind: count,
  })
  .meta({ id: 'Enforcer' }) satisfies z.ZodType<EnforcerView>

export const decisionDetailSchema = z
  .object({
    decision: decisionSchema,
    alerts: z.array(alertSchema),
    events: z.array(storedEventSchema),
    batch: z.array(decisionSchema),
    confirmations: z.array(confirmationSchema),
    incidents: z.array(z.object({ id: z.string(), title: z.string() })),
  })
  .meta({ id: 'DecisionDetail' }) satisfies z.ZodType<DecisionDetail>

/** What is asked for when a decision is made by hand, or tried. */
export const decisionRequestSchema = z.strictObject({
  target: z.strictObject({ kind: targetKindSchema, value: line(256) }),
  action: actionSchema,
  scope: scopeSchema,
  duration: line(32),
  reason: z.string().min(1).max(500),
  enforcers: z.array(kind).min(1).max(ENFORCER_KINDS.length).exactOptional(),
  limit: z.strictObject({ limit: z.int(), windowMs: z.int() }).exactOptional(),
}) satisfies z.ZodType<DecisionRequest>

export const decisionPreviewSchema = z.object({
  request: decisionRequestSchema,
  refused: z.string().nullable(),
  since: ms,
  addresses: count,
  events: count,
  signedIn: count,
  examples: z.array(z.string()),
}) satisfies z.ZodType<DecisionPreview>

export const policyViewSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    description: z.string(),
    order: z.int(),
    origin: z.string(),
    mode: modeSchema,
    inWords: z.array(z.string()),
    source: z.string(),
    builtinSource: z.string().nullable(),
    rules: z.array(
      z.object({
        rule: z.object({ id: z.string(), title: z.string(), level }),
        mode: modeSchema,
        setBy: named.nullable(),
        setAt: ms.nullable(),
        decisions7d: count,
        observed7d: count,
        falsePositives: count,
        quietSince: ms,
        holds: z.array(z.string()),
      }),
    ),
    problem: z.string().nullable(),
  })
  .meta({ id: 'Policy' }) satisfies z.ZodType<PolicyView>

export const policyPreviewSchema = z.object({
  since: ms,
  alerts: count,
  decisions: count,
  addresses: count,
  users: count,
  signedIn: count,
  protected: count,
  overBudget: count,
  examples: z.array(
    z.object({
      at: ms,
      target: z.object({ kind: targetKindSchema, value: z.string() }),
      action: actionSchema,
      rule: z.string(),
      outcome: z.enum(['enforced', 'observed', 'protected', 'over_budget', 'merged']),
      signedIn: z.boolean(),
      detail: z.string(),
    }),
  ),
  whole: z.boolean(),
}) satisfies z.ZodType<PolicyPreview>

export const lockdownModeSchema = z.enum(LOCKDOWN_MODES)

export const lockdownSchema = z
  .object({
    id: z.string(),
    mode: lockdownModeSchema,
    reason: z.string(),
    by: named,
    incidentId: z.string().nullable(),
    startedAt: ms,
    endsAt: ms,
    confirmations: count,
    holdsMs: count,
    endedAt: ms.nullable(),
    endedWhy: z.enum(['ended', 'not_confirmed', 'confirmation_lapsed']).nullable(),
    decisionId: z.string(),
  })
  .meta({ id: 'Lockdown' }) satisfies z.ZodType<Lockdown>

export const lockdownViewSchema = z.object({
  current: lockdownSchema.nullable(),
  latest: z.array(lockdownSchema),
}) satisfies z.ZodType<LockdownView>

export const lockdownPreflightSchema = z
  .object({
    ok: z.boolean(),
    problems: z.array(z.string()),
    warnings: z.array(z.string()),
    allowed: z.array(z.object({ range: z.string(), why: z.string() })),
    lastHour: z.object({ requests: count, refused: count, users: count, usersRefused: count }),
  })
  .meta({ id: 'LockdownPreflight' }) satisfies z.ZodType<LockdownPreflight>
