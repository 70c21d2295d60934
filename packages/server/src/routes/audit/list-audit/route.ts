import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { cursorSchema, limitSchema, line } from '../../../http/query-schemas.js'
import { pageOf } from '../../../http/wire-schemas.js'

const entrySchema = z
  .object({
    sequence: z.int(),
    at: z.int(),
    actor: z.object({
      kind: z.enum(['operator', 'token', 'source', 'system', 'anonymous']),
      id: z.string(),
      name: z.string().exactOptional(),
    }),
    action: z.string(),
    resource: z.object({ type: z.string(), id: z.string().exactOptional() }),
    outcome: z.enum(['success', 'failure', 'refused']),
    address: z.string().exactOptional(),
    reason: z.string().exactOptional(),
    detail: z.record(z.string(), z.unknown()).exactOptional(),
  })
  .meta({ id: 'AuditEntry' })

/** Who did what. */
export const listAudit = defineRoute({
  id: 'listAudit',
  method: 'GET',
  url: '/v1/audit',
  tag: 'audit',
  summary: 'Read the record of acts',
  description: 'Append-only: nobody, not even the schema’s owner, can change or remove an entry.',
  permission: 'audit.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({ limit: limitSchema, cursor: cursorSchema, action: line(64).optional() }),
  answer: { status: 200, description: 'Newest first', schema: pageOf(entrySchema) },
  handler: async ({ query, principal, services }) => {
    const { items, next } = await services.audit.list(query)
    return { items: items.map(services.namesFor(principal).audit), next }
  },
})
