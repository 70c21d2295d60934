import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'

/** Sends a test through a channel. */
export const testChannel = defineRoute({
  id: 'testChannel',
  method: 'POST',
  url: '/v1/notifications/channels/:id/test',
  tag: 'notifications',
  summary: 'Send a test through a channel',
  description: 'At once, past routes and quiet hours. `detail` says in words what came of it.',
  permission: 'notifications.manage',
  rateLimit: 'factor',
  audit: { action: 'channel.tested', resource: 'channel' },
  params: idParams,
  answer: {
    status: 200,
    description: 'What came of it',
    schema: z
      .object({ ok: z.boolean(), detail: z.string(), ms: z.int() })
      .meta({ examples: [{ ok: true, detail: 'taken with 200', ms: 180 }] }),
  },
  handler: async ({ params, services, audit }) => {
    audit.id = params.id
    const result = await services.notifications.channels.test(params.id)
    audit.detail = { ok: result.ok }
    return result
  },
})
