import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'

/** Ends a token and the streams it holds open. */
export const revokeToken = defineRoute({
  id: 'revokeToken',
  method: 'DELETE',
  url: '/v1/tokens/:id',
  tag: 'tokens',
  summary: 'Revoke an API token',
  permission: 'tokens.manage',
  rateLimit: 'write',
  audit: { action: 'token.revoked', resource: 'token' },
  params: idParams,
  answer: { status: 204, description: 'Revoked' },
  handler: async ({ params, services, audit }) => {
    audit.id = params.id
    const token = await services.tokens.revoke(params.id)
    audit.detail = { name: token.name }
  },
})
