import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { SOURCE_PERMISSIONS } from '../../../http/permissions.js'
import { displayName } from '../../../modules/operators/index.js'
import { sourceSchema } from '../source-schema.js'

/** Makes a source and the token with which it sends its events and follows decisions. */
export const createSource = defineRoute({
  id: 'createSource',
  method: 'POST',
  url: '/v1/sources',
  tag: 'sources',
  summary: 'Create a source with its token',
  description:
    'Answers the token once: it sends events and reads decisions, whether or not whoever asks may. `demo` marks everything that comes from it; `DELETE /v1/demo` removes it again.',
  permission: 'sources.manage',
  rateLimit: 'write',
  audit: { action: 'source.created', resource: 'source' },
  stepUp: { tokens: 'exempt' },
  body: z
    .strictObject({ name: displayName, kind: z.enum(['application', 'host']).default('application'), demo: z.boolean().default(false) })
    .meta({ examples: [{ name: 'shop', kind: 'application' }] }),
  answer: {
    status: 201,
    description: 'The source and its token, shown this once',
    schema: z.object({ source: sourceSchema, token: z.string() }),
  },
  handler: async ({ body, services, audit }) => {
    audit.detail = { name: body.name, demo: body.demo }
    const source = await services.sources.create(body)
    audit.id = source.id
    const { token } = await services.tokens.create({ name: source.name, scopes: SOURCE_PERMISSIONS, sourceId: source.id })
    return { source: { ...source, lastEventAt: null, state: 'new' as const }, token }
  },
})
