import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { channelSchema } from '../../../http/notification-schemas.js'

/** Every channel, without its secrets. */
export const listChannels = defineRoute({
  id: 'listChannels',
  method: 'GET',
  url: '/v1/notifications/channels',
  tag: 'notifications',
  summary: 'List channels',
  permission: 'notifications.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Every channel', schema: z.object({ items: z.array(channelSchema) }) },
  handler: async ({ services }) => ({ items: await services.notifications.channels.list() }),
})
