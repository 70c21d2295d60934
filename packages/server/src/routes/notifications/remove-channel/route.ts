import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'

/** Removes a channel that no route names. */
export const removeChannel = defineRoute({
  id: 'removeChannel',
  method: 'DELETE',
  url: '/v1/notifications/channels/:id',
  tag: 'notifications',
  summary: 'Remove a channel',
  description: 'One that a route names is refused. What waits for it fails, and is shown as that.',
  permission: 'notifications.manage',
  rateLimit: 'write',
  audit: { action: 'channel.removed', resource: 'channel' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  answer: { status: 204, description: 'It is gone' },
  handler: async ({ params, services, audit }) => {
    audit.id = params.id
    await services.notifications.channels.remove(params.id)
  },
})
