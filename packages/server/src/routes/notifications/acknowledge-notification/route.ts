import { defineRoute } from '../../../http/define-route.js'
import { notificationSchema } from '../../../http/notification-schemas.js'
import { personOf } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'

/** Says that somebody looks at it. */
export const acknowledgeNotification = defineRoute({
  id: 'acknowledgeNotification',
  method: 'POST',
  url: '/v1/notifications/:id/acknowledge',
  tag: 'notifications',
  summary: 'Acknowledge a notification',
  description: 'Nobody else is told any more. One that is acknowledged already stays as it is.',
  permission: 'notifications.manage',
  rateLimit: 'write',
  audit: { action: 'notification.acknowledged', resource: 'notification' },
  params: idParams,
  answer: { status: 200, description: 'The notification as it is now', schema: notificationSchema },
  handler: async ({ params, principal, services, audit }) => {
    audit.id = params.id
    return services.notifications.acknowledge(params.id, personOf(principal).name)
  },
})
