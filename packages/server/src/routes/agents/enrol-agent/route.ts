import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { line } from '../../../http/query-schemas.js'
import { readPublicKey } from '../../../modules/agents/index.js'

/** An agent shows its one-time token and the key that it will sign with. Public: the token is what proves it. */
export const enrolAgent = defineRoute({
  id: 'enrolAgent',
  method: 'POST',
  url: '/v1/agents/enrol',
  tag: 'agents',
  summary: 'Enrol an agent with a one-time token',
  description:
    'Binds the Ed25519 key: heartbeats and alerts that it did not sign are refused from now on. Answers the token of the source once.',
  permission: 'public',
  rateLimit: 'credential',
  audit: { action: 'agent.enrolled', resource: 'agent' },
  body: z
    .strictObject({
      token: z.string().max(128),
      name: line(256).meta({ description: 'how the host calls itself; its source gets the name that the admin gave' }),
      publicKey: z.string().max(128).meta({ description: 'Ed25519, SPKI, base64url' }),
      version: line(64),
    })
    .meta({ examples: [{ token: 'ppe_...', name: 'web-1', publicKey: 'MCowBQYDK2VwAyEA...', version: '0.1.0' }] }),
  answer: {
    status: 201,
    description: 'The source and its token, shown this once',
    schema: z.object({ sourceId: z.string(), name: z.string(), token: z.string() }),
  },
  handler: async ({ body, services, audit }) => {
    readPublicKey(body.publicKey)
    if (!/^ppe_[\w-]{43}$/.test(body.token)) throw new ParapetError('PPT_TOKEN_INVALID', 'a one-time token begins with ppe_')
    const enrolled = await services.enrolments.use(body.token, body)
    audit.id = enrolled.sourceId
    audit.detail = { name: enrolled.name, host: body.name, version: body.version }
    return enrolled
  },
})
