import { DAY, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { PERMISSIONS } from '../../../http/permissions.js'
import { may } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'
import { displayName } from '../../../modules/operators/index.js'
import { newTokenSchema } from '../token-schema.js'

/** Makes a token. Nobody gives what he does not hold. */
export const createToken = defineRoute({
  id: 'createToken',
  method: 'POST',
  url: '/v1/tokens',
  tag: 'tokens',
  summary: 'Create an API token',
  description:
    'Answers the token once. `events.write` needs a `sourceId`: events are always of one source. A token ends with the operator who made it, ' +
    'unless it is of a source and does no more than sources do. One that a token makes is of the same operator, and lasts no longer.',
  permission: 'tokens.manage',
  rateLimit: 'write',
  audit: { action: 'token.created', resource: 'token' },
  stepUp: { tokens: 'exempt' },
  body: z
    .strictObject({
      name: displayName,
      scopes: z.array(z.enum(PERMISSIONS)).min(1).max(PERMISSIONS.length),
      expiresInDays: z.int().min(1).max(3_650).optional(),
      sourceId: line(64).optional(),
    })
    .meta({ examples: [{ name: 'nginx on web-1', scopes: ['decisions.read'], expiresInDays: 90 }] }),
  answer: { status: 201, description: 'The token, shown this once', schema: newTokenSchema },
  handler: async ({ body, principal, services, audit }) => {
    const lacks = body.scopes.find((scope) => !may(principal, scope))
    if (lacks !== undefined) throw new ParapetError('PPT_FORBIDDEN', `you do not hold ${lacks} yourself`)
    if (body.scopes.includes('events.write') && body.sourceId === undefined)
      throw new ParapetError('PPT_INVALID', 'sourceId: events.write is for a source')
    audit.detail = { name: body.name, scopes: body.scopes.join(' ') }
    const created = await services.tokens.create({
      name: body.name,
      scopes: body.scopes,
      ...(body.expiresInDays === undefined ? {} : { expiresAt: services.clock() + body.expiresInDays * DAY }),
      ...(body.sourceId === undefined ? {} : { sourceId: body.sourceId }),
      ...(principal.kind === 'operator' || principal.kind === 'token' ? { maker: principal } : {}),
    })
    audit.id = created.view.id
    return created
  },
})
