import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { groupSchema, triageActSchema } from '../../../http/detection-schemas.js'
import { personOf } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'

/** One act on many groups. */
export const actOnGroups = defineRoute({
  id: 'actOnGroups',
  method: 'POST',
  url: '/v1/triage',
  tag: 'triage',
  summary: 'Do something with many groups of alerts',
  description: 'All of them or none; keys that are unknown are left out.',
  permission: 'triage.write',
  rateLimit: 'write',
  audit: { action: 'triage.changed', resource: 'triage' },
  body: z.strictObject({ keys: z.array(line(128)).min(1).max(200), act: triageActSchema }),
  answer: { status: 200, description: 'The groups as they are now', schema: z.object({ items: z.array(groupSchema) }) },
  handler: async ({ body, principal, services, audit }) => {
    const groups = await services.triage.act(body.keys, body.act, personOf(principal))
    audit.detail = { act: body.act.act, groups: groups.length, ...(body.act.act === 'close' ? { verdict: body.act.verdict } : {}) }
    return { items: groups.map(services.namesFor(principal).group) }
  },
})
