import { INCIDENT_STATUSES, type IncidentAct, type IncidentDetail, type IncidentRequest, type IncidentView, LEVELS } from '@parapet/core'
import { z } from 'zod'
import { line } from './query-schemas.js'
import { alertSchema, decisionSchema } from './wire-schemas.js'

const ms = z.int().meta({ description: 'milliseconds since 1970, UTC' })
const named = z.object({ id: z.string(), name: z.string() })
const level = z.enum(LEVELS)
const status = z.enum(INCIDENT_STATUSES)

const KINDS = ['opened', 'alert', 'decision', 'lockdown', 'notification', 'note', 'status', 'severity', 'assigned', 'linked'] as const

/** Words of a person: several lines, without what PostgreSQL cannot take. */
const words = z
  .string()
  .trim()
  .min(1)
  .max(4_000)
  .refine((text) => !text.includes('\0'), 'may not hold NUL')

export const incidentSchema = z
  .object({
    id: z.string(),
    number: z.int().meta({ description: 'short and rising, for people: INC-7' }),
    title: z.string(),
    severity: level,
    status,
    openedAt: ms,
    openedBy: named,
    updatedAt: ms,
    closedAt: ms.nullable(),
    assignee: named.nullable(),
    subjects: z.array(z.string()),
    addresses: z.array(z.string()),
    alerts: z.int(),
    decisions: z.int(),
  })
  .meta({ id: 'Incident' }) satisfies z.ZodType<IncidentView>

export const incidentDetailSchema = z
  .object({
    incident: incidentSchema,
    timeline: z.array(
      z.object({ id: z.string(), at: ms, by: named.nullable(), kind: z.enum(KINDS), text: z.string(), ref: z.string().nullable() }),
    ),
    alerts: z.array(alertSchema),
    decisions: z.array(decisionSchema),
    lockdownOffered: z.boolean(),
  })
  .meta({ id: 'IncidentDetail' }) satisfies z.ZodType<IncidentDetail>

export const incidentRequestSchema = z
  .strictObject({
    title: line(200),
    severity: level,
    alertIds: z.array(line(128)).max(50).exactOptional(),
    subjects: z.array(line(256)).max(50).exactOptional(),
    addresses: z.array(line(64)).max(50).exactOptional(),
  })
  .meta({ examples: [{ title: 'Somebody exports customers', severity: 'high', subjects: ['ann'] }] }) satisfies z.ZodType<IncidentRequest>

export const incidentActSchema = z
  .discriminatedUnion('act', [
    z.strictObject({ act: z.literal('note'), text: words }),
    z.strictObject({ act: z.literal('status'), status, text: words.exactOptional() }),
    z.strictObject({ act: z.literal('severity'), severity: level }),
    z.strictObject({ act: z.literal('assign'), operatorId: line(128).nullable() }),
    z.strictObject({
      act: z.literal('link'),
      alertId: line(128).exactOptional(),
      subject: line(256).exactOptional(),
      address: line(64).exactOptional(),
    }),
  ])
  .meta({ examples: [{ act: 'note', text: 'The user confirms that it was not him.' }] }) satisfies z.ZodType<IncidentAct>
