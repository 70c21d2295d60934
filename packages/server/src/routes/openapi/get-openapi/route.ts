import { defineRoute } from '../../../http/define-route.js'

/** The reference, made from the routes themselves. */
export const getOpenApi = defineRoute({
  id: 'getOpenApi',
  method: 'GET',
  head: true,
  url: '/openapi.json',
  tag: 'operations',
  summary: 'The OpenAPI 3.1 document of this API',
  permission: 'public',
  rateLimit: 'public',
  audit: 'none',
  answer: { status: 200, description: 'The document', mediaType: 'application/json' },
  handler: async ({ reply, request }) => {
    await reply.type('application/json; charset=utf-8').send(JSON.stringify(request.server.swagger()))
  },
})
