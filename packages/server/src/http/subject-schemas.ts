import type { ResetCampaign, ResetRequest, SubjectAct, SubjectDetail, SubjectImport, SubjectView } from '@parapet/core'
import { z } from 'zod'
import { line } from './query-schemas.js'
import { alertSchema, decisionSchema, storedEventSchema } from './wire-schemas.js'

const ms = z.int().meta({ description: 'milliseconds since 1970, UTC' })
const named = z.object({ id: z.string(), name: z.string() })

/** Users in one import. */
const MOST_IMPORTED = 5_000
/** Users of one campaign by id. */
const MOST_CHOSEN = 10_000

/** What can be in force on a subject. */
export const flagKindSchema = z.enum(['require_mfa', 'require_reset', 'suspend', 'deny'])

export const subjectSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    roles: z.array(z.string()),
    source: named,
    firstSeen: ms,
    lastSeen: ms.nullable(),
    lastSignIn: ms.nullable(),
    risk: z.int().min(0).max(100),
    riskWhy: z.array(z.string()),
    flags: z.array(z.object({ kind: flagKindSchema, until: ms, decisionId: z.string() })),
    alerts7d: z.int(),
  })
  .meta({ id: 'Subject' }) satisfies z.ZodType<SubjectView>

export const subjectDetailSchema = z
  .object({
    subject: subjectSchema,
    sessions: z.array(
      z.object({
        id: z.string(),
        device: z.string().nullable(),
        address: z.string().nullable(),
        country: z.string().nullable(),
        startedAt: ms,
        seenAt: ms,
        endedAt: ms.nullable(),
        endedWhy: z.string().nullable(),
      }),
    ),
    decisions: z.array(decisionSchema),
    alerts: z.array(alertSchema),
    events: z.array(storedEventSchema),
    addresses: z.array(z.object({ address: z.string(), country: z.string().nullable(), events: z.int(), last: ms })),
    incidents: z.array(z.object({ id: z.string(), title: z.string() })),
  })
  .meta({ id: 'SubjectDetail' }) satisfies z.ZodType<SubjectDetail>

export const subjectActSchema = z
  .strictObject({
    act: z.enum(['suspend', 'require_mfa', 'require_reset', 'end_sessions', 'clear']),
    duration: line(32).exactOptional(),
    reason: line(500),
  })
  .meta({
    examples: [{ act: 'suspend', duration: '1d', reason: 'signed in from two countries within a minute' }],
  }) satisfies z.ZodType<SubjectAct>

export const subjectImportSchema = z
  .strictObject({
    subjects: z
      .array(
        z.strictObject({
          id: line(256).meta({ description: 'the application’s own id of the user, as its events name it' }),
          name: line(256).exactOptional(),
          email: line(256).exactOptional(),
          roles: z.array(line(64)).max(32).exactOptional(),
        }),
      )
      .min(1)
      .max(MOST_IMPORTED),
  })
  .meta({
    examples: [{ subjects: [{ id: '17', name: 'ann', email: 'ann@example.org', roles: ['editor'] }] }],
  }) satisfies z.ZodType<SubjectImport>

const scopeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('role'), role: line(64) }),
  z.strictObject({ kind: z.literal('users'), ids: z.array(line(128)).min(1).max(MOST_CHOSEN) }),
])

export const resetRequestSchema = z
  .strictObject({
    scope: scopeSchema,
    reason: line(500),
    mail: z.boolean(),
    perMinute: z.int().min(1).max(6_000).exactOptional(),
    dryRun: z.boolean().exactOptional(),
  })
  .meta({
    examples: [{ scope: { kind: 'all' }, reason: 'passwords may have leaked', mail: true, perMinute: 60 }],
  }) satisfies z.ZodType<ResetRequest>

export const campaignSchema = z
  .object({
    id: z.string(),
    scope: scopeSchema,
    reason: z.string(),
    by: named,
    startedAt: ms,
    endedAt: ms.nullable(),
    subjects: z.int(),
    done: z.int().meta({ description: 'came back through a verified reset, or were released by hand' }),
    mails: z.object({ queued: z.int(), sent: z.int(), failed: z.int(), noAddress: z.int() }),
    sessionsEnded: z.int(),
    state: z.enum(['running', 'done', 'cancelled']),
  })
  .meta({ id: 'ResetCampaign' }) satisfies z.ZodType<ResetCampaign>
