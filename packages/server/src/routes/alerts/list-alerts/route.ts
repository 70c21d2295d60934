import { LEVELS } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { cursorSchema, limitSchema, line, momentSchema } from '../../../http/query-schemas.js'
import { alertSchema, pageOf } from '../../../http/wire-schemas.js'

/** Alerts, newest first. */
export const listAlerts = defineRoute({
  id: 'listAlerts',
  method: 'GET',
  url: '/v1/alerts',
  tag: 'alerts',
  summary: 'List alerts',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({
    level: z.enum(LEVELS).optional().meta({ description: 'this level or worse' }),
    rule: line(128).optional(),
    target: line(256).optional().meta({ description: 'an address, user or other value that the alert stands for or has seen' }),
    since: momentSchema.optional(),
    until: momentSchema.optional(),
    limit: limitSchema,
    cursor: cursorSchema,
  }),
  answer: { status: 200, description: 'A page of alerts, newest first', schema: pageOf(alertSchema) },
  handler: async ({ query: { cursor, limit, ...filter }, principal, services }) => {
    const { items, next } = await services.alerts.list(filter, cursor, limit)
    return { items: items.map(services.namesFor(principal).alert), next }
  },
})
