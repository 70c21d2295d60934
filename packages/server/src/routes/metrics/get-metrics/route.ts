import { defineRoute } from '../../../http/define-route.js'

/** Numbers for Prometheus. */
export const getMetrics = defineRoute({
  id: 'getMetrics',
  method: 'GET',
  head: true,
  url: '/metrics',
  tag: 'operations',
  summary: 'Prometheus metrics',
  description: 'Open to this machine; from elsewhere with any token.',
  permission: 'local',
  rateLimit: 'public',
  audit: 'none',
  answer: { status: 200, description: 'Text exposition format', mediaType: 'text/plain' },
  handler: async ({ reply, services }) => {
    await reply.type(services.metrics.contentType).send(await services.metrics.text())
  },
})
