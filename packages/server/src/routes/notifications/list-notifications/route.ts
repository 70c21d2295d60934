import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { notificationSchema } from '../../../http/notification-schemas.js'
import { cursorSchema, limitSchema } from '../../../http/query-schemas.js'
import { pageOf } from '../../../http/wire-schemas.js'

/** What people were told, and what became of it. */
export const listNotifications = defineRoute({
  id: 'listNotifications',
  method: 'GET',
  url: '/v1/notifications',
  tag: 'notifications',
  summary: 'List notifications',
  description: 'Newest first, with a receipt for each channel. `no_route`: no route took it, and nobody was told.',
  permission: 'notifications.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({
    state: notificationSchema.shape.state.optional(),
    limit: limitSchema,
    cursor: cursorSchema,
  }),
  answer: { status: 200, description: 'A page of notifications', schema: pageOf(notificationSchema) },
  handler: async ({ query, services }) => services.notifications.list(query),
})
