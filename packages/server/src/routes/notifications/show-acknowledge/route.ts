import { isParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { line } from '../../../http/query-schemas.js'
import { acknowledgeHtml } from '../acknowledge-page.js'

/** The page behind the link of a message. Looking at it changes nothing: mail programs look at links by themselves. */
export const showAcknowledge = defineRoute({
  id: 'showAcknowledge',
  method: 'GET',
  url: '/v1/notifications/acknowledge',
  tag: 'notifications',
  summary: 'Look at the link of a message',
  description: 'A page with a button; changes nothing.',
  permission: 'public',
  rateLimit: 'credential',
  audit: 'none',
  query: z.object({ token: line(512) }),
  answer: { status: 200, description: 'A page', mediaType: 'text/html' },
  handler: async ({ query: { token }, services, reply }) => {
    void reply
      .type('text/html; charset=utf-8')
      .headers(Object.fromEntries(services.headers.page.apply()))
      .header('cache-control', 'no-store')
    try {
      const notification = await services.notifications.readLink(token)
      await reply.send(acknowledgeHtml({ kind: 'question', notification, token }))
    } catch (error) {
      if (!isParapetError(error) || error.code !== 'PPT_ACKNOWLEDGE_LINK') throw error
      await reply.code(error.status).send(acknowledgeHtml({ kind: 'spent' }))
    }
  },
})
