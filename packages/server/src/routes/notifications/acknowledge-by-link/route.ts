import { isParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { line } from '../../../http/query-schemas.js'
import { acknowledgeHtml } from '../acknowledge-page.js'

/** Acknowledges with the link of a message. */
export const acknowledgeByLink = defineRoute({
  id: 'acknowledgeByLink',
  method: 'POST',
  url: '/v1/notifications/acknowledge',
  tag: 'notifications',
  summary: 'Acknowledge with the link of a message',
  description: 'Works until somebody has acknowledged, at most seven days.',
  permission: 'public',
  rateLimit: 'credential',
  audit: { action: 'notification.acknowledged', resource: 'notification' },
  query: z.object({ token: line(512) }),
  answer: { status: 200, description: 'A page', mediaType: 'text/html' },
  handler: async ({ query: { token }, services, reply, audit }) => {
    void reply
      .type('text/html; charset=utf-8')
      .headers(Object.fromEntries(services.headers.page.apply()))
      .header('cache-control', 'no-store')
    try {
      const notification = await services.notifications.acknowledgeByLink(token)
      audit.id = notification.id
      audit.detail = { by: notification.acknowledged?.by ?? '' }
      await reply.send(acknowledgeHtml({ kind: 'done', notification }))
    } catch (error) {
      if (!isParapetError(error) || error.code !== 'PPT_ACKNOWLEDGE_LINK') throw error
      audit.detail = { refused: true }
      await reply.code(error.status).send(acknowledgeHtml({ kind: 'spent' }))
    }
  },
})
