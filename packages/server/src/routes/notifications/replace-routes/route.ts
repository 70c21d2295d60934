import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { routeSchema } from '../../../http/notification-schemas.js'

/** Sets which notifications go where. */
export const replaceRoutes = defineRoute({
  id: 'replaceRoutes',
  method: 'PUT',
  url: '/v1/notifications/routes',
  tag: 'notifications',
  summary: 'Set the routes',
  description: 'The whole list, in its order. What is planned already goes as it was planned.',
  permission: 'notifications.manage',
  rateLimit: 'write',
  audit: { action: 'routes.changed', resource: 'routes' },
  stepUp: { tokens: 'exempt' },
  body: z.strictObject({ items: z.array(routeSchema).max(100) }).meta({
    examples: [
      {
        items: [
          {
            id: 'all',
            name: 'Everything grave',
            minLevel: 'high',
            kinds: [],
            channels: ['0198c0de-0000-7000-8000-000000000000'],
            quiet: null,
            groupMinutes: 10,
            escalate: [],
            continue: false,
          },
        ],
      },
    ],
  }),
  answer: { status: 200, description: 'Every route', schema: z.object({ items: z.array(routeSchema) }) },
  handler: async ({ body, services, audit }) => {
    audit.detail = { routes: body.items.length, channels: new Set(body.items.flatMap(({ channels }) => channels)).size }
    return { items: await services.notifications.routes.replace(body.items) }
  },
})
