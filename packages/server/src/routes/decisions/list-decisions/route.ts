import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { cursorSchema, limitSchema, line } from '../../../http/query-schemas.js'
import { decisionSchema, pageOf } from '../../../http/wire-schemas.js'

/** Decisions, newest first. */
export const listDecisions = defineRoute({
  id: 'listDecisions',
  method: 'GET',
  url: '/v1/decisions',
  tag: 'decisions',
  summary: 'List decisions',
  permission: 'decisions.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({
    state: z.enum(['active', 'expired', 'lifted', 'all']).default('active'),
    target: line(256).optional(),
    batch: line(128).optional(),
    limit: limitSchema,
    cursor: cursorSchema,
  }),
  answer: { status: 200, description: 'A page of decisions, newest first', schema: pageOf(decisionSchema) },
  handler: async ({ query: { cursor, limit, ...filter }, principal, services }) => {
    const { items, next } = await services.decisions.list(filter, cursor, limit)
    return { items: items.map(services.namesFor(principal).decision), next }
  },
})
