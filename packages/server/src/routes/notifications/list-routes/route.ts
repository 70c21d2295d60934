import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { routeSchema } from '../../../http/notification-schemas.js'

/** Which notifications go where. */
export const listRoutes = defineRoute({
  id: 'listRoutes',
  method: 'GET',
  url: '/v1/notifications/routes',
  tag: 'notifications',
  summary: 'List routes',
  description: 'In their order: the first one that takes a notification decides, unless it says `continue`.',
  permission: 'notifications.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Every route', schema: z.object({ items: z.array(routeSchema) }) },
  handler: async ({ services }) => ({ items: await services.notifications.routes.list() }),
})
