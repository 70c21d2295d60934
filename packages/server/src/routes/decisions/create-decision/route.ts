import { validateRequest } from '@parapet/respond'
import { defineRoute } from '../../../http/define-route.js'
import { decisionRequestSchema } from '../../../http/enforcement-schemas.js'
import { authorOf } from '../../../http/principal.js'
import { decisionSchema } from '../../../http/wire-schemas.js'

/** Denies by hand. Protected targets are refused with the reason. */
export const createDecision = defineRoute({
  id: 'createDecision',
  method: 'POST',
  url: '/v1/decisions',
  tag: 'decisions',
  summary: 'Make a decision',
  description:
    'Always with a reason and an end: addresses, ranges, networks and countries are denied, throttled or challenged, users and sessions also asked for more. Loopback, own addresses, gateways, declared proxies, the allow-list and the addresses of signed-in operators are refused.',
  permission: 'decisions.write',
  rateLimit: 'write',
  audit: { action: 'decision.made', resource: 'decision' },
  body: decisionRequestSchema.meta({
    examples: [{ target: { kind: 'ip', value: '203.0.113.7' }, action: 'deny', scope: 'all', duration: '1h', reason: 'scans for backups' }],
  }),
  answer: { status: 201, description: 'The decision, in force', schema: decisionSchema },
  handler: async ({ body, principal, services, audit }) => {
    audit.reason = body.reason
    audit.detail = { target: `${body.target.kind}:${body.target.value}`, action: body.action, scope: body.scope, duration: body.duration }
    const asked = validateRequest(body, services.protectedTargets, services.clock(), { author: authorOf(principal) })
    const [decision] = await services.decisions.create([asked])
    if (decision === undefined) throw new Error('a decision was made and not returned')
    audit.id = decision.id
    services.metrics.decisions(1)
    return decision
  },
})
