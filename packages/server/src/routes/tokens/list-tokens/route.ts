import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { tokenSchema } from '../token-schema.js'

/** All tokens that are not revoked. */
export const listTokens = defineRoute({
  id: 'listTokens',
  method: 'GET',
  url: '/v1/tokens',
  tag: 'tokens',
  summary: 'List API tokens',
  description: 'Expired tokens stay in the list until they are revoked. The tokens themselves are never shown again.',
  permission: 'tokens.manage',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Tokens, newest first', schema: z.object({ items: z.array(tokenSchema) }) },
  handler: async ({ services }) => ({ items: [...(await services.tokens.list())] }),
})
