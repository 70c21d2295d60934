import { LEVELS } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { line, momentSchema } from '../../../http/query-schemas.js'
import { readSigned } from '../../../http/signed-body.js'

const value = z.string().min(1).max(1_024)

/** An alert as an agent sends it, bounded: it is decided on like those that were found here. */
const agentAlertSchema = z
  .object({
    id: z.string().regex(/^[\w:.-]{1,128}$/, 'the id of an alert'),
    rule: z.object({
      id: line(128),
      title: line(256),
      level: z.enum(LEVELS),
      tags: z.array(line(128)).max(64),
      version: line(64),
    }),
    group: z.record(z.string().max(128), value).refine((group) => Object.keys(group).length <= 16, 'at most 16 fields'),
    scope: z.object({ kind: z.enum(['ip', 'user', 'endpoint', 'event']), value }),
    first: momentSchema,
    last: momentSchema,
    count: z.number().min(0).max(1e12),
    targets: z.array(value).max(1_000),
    events: z.array(z.union([z.string().max(128), z.number()])).max(100),
    why: z.string().max(2_048),
  })
  .meta({ id: 'AgentAlert' })

const bodySchema = z.object({ alerts: z.array(agentAlertSchema).min(1).max(500) })

/** Alerts that an agent's rules made of its host's events. */
export const takeAlerts = defineRoute({
  id: 'takeAlerts',
  method: 'POST',
  url: '/v1/agents/alerts',
  tag: 'agents',
  summary: 'Send alerts of an agent',
  description:
    'Signed like a heartbeat. They become alerts of this source, and policies decide on them as on others. Sending one again changes nothing; one that other sources alone have part in is refused.',
  permission: 'events.write',
  rateLimit: 'ingest',
  audit: { action: 'agent.alerts', resource: 'agent', when: 'refused' },
  rawBody: true,
  bodyLimit: 5_242_880,
  body: bodySchema,
  answer: { status: 202, description: 'They are kept', schema: z.object({ accepted: z.int(), refused: z.int() }) },
  handler: async (input) => {
    const { source, body } = await readSigned(input, bodySchema)
    return input.services.takeAgentAlerts(source, body.alerts)
  },
})
