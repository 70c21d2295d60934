import { heartbeatSchema } from '../../../http/detection-schemas.js'
import { defineRoute } from '../../../http/define-route.js'
import { readSigned } from '../../../http/signed-body.js'

/** An agent says that it lives, and how. */
export const beat = defineRoute({
  id: 'beat',
  method: 'POST',
  url: '/v1/agents/heartbeat',
  tag: 'agents',
  summary: 'Send the heartbeat of an agent',
  description:
    "Every 15 seconds, with the source's token and `Parapet-Signature: t=<ms UTC>, v1=<Ed25519 over `t.` and the body, base64url>`. Each must be signed later than the one before. After a minute without one the agent is silent, which is an alert.",
  permission: 'events.write',
  rateLimit: 'ingest',
  audit: { action: 'agent.heartbeat', resource: 'agent', when: 'refused' },
  rawBody: true,
  bodyLimit: 262_144,
  body: heartbeatSchema,
  answer: { status: 204, description: 'It is noted' },
  handler: async (input) => {
    const { source, body, signedAt } = await readSigned(input, heartbeatSchema)
    await input.services.agents.beat(source.id, body, signedAt)
  },
})
