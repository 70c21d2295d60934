import { alertToOcsf } from '@parapet/core/ocsf'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { cursorSchema, limitSchema, momentSchema } from '../../../http/query-schemas.js'
import { pageOf } from '../../../http/wire-schemas.js'

const findingSchema = z.looseObject({ class_uid: z.int(), time: z.int(), severity_id: z.int() }).meta({ id: 'OcsfFinding' })

/** Alerts as OCSF Detection Findings, for other tools. */
export const listFindings = defineRoute({
  id: 'listFindings',
  method: 'GET',
  url: '/v1/alerts/ocsf',
  tag: 'alerts',
  summary: 'List alerts as OCSF Detection Findings',
  description: 'Class 2004 of OCSF 1.4, newest first; `activity_id` is 2 (Update) for an alert that has grown since it fired.',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({ since: momentSchema.optional(), until: momentSchema.optional(), limit: limitSchema, cursor: cursorSchema }),
  answer: { status: 200, description: 'A page of findings, newest first', schema: pageOf(findingSchema) },
  handler: async ({ query: { cursor, limit, ...filter }, principal, services }) => {
    const { items, next } = await services.alerts.list(filter, cursor, limit)
    const show = services.namesFor(principal).alert
    return { items: items.map((alert) => alertToOcsf(show(alert), alert.updatedAt === alert.detectedAt)), next }
  },
})
