import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { enrolmentMadeSchema } from '../../../http/detection-schemas.js'
import { personOf } from '../../../http/principal.js'
import { displayName } from '../../../modules/operators/index.js'

/** Makes a one-time token with which an agent becomes a source. */
export const createEnrolment = defineRoute({
  id: 'createEnrolment',
  method: 'POST',
  url: '/v1/enrolments',
  tag: 'agents',
  summary: 'Let an agent in, once',
  description:
    'The token is shown this once and is good for one agent within an hour. The agent becomes a host source of this name; where there is one already, it is taken over with the new key and its old tokens end.',
  permission: 'sources.manage',
  rateLimit: 'write',
  audit: { action: 'enrolment.created', resource: 'enrolment' },
  stepUp: { tokens: 'exempt' },
  body: z.strictObject({ name: displayName }).meta({ examples: [{ name: 'web-1' }] }),
  answer: { status: 201, description: 'The token and the command to run on the host', schema: enrolmentMadeSchema },
  handler: async ({ body, principal, services, audit }) => {
    audit.detail = { name: body.name }
    const made = await services.enrolments.create(body.name, personOf(principal))
    audit.id = made.id
    return { ...made, command: `parapet agent install --server ${new URL(services.config.publicUrl).origin} --token ${made.token}` }
  },
})
