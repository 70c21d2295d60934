import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { modeSchema, policyPreviewSchema } from '../../../http/enforcement-schemas.js'
import { idParams, line } from '../../../http/query-schemas.js'

/** What a policy would have done. */
export const previewPolicy = defineRoute({
  id: 'previewPolicy',
  method: 'POST',
  url: '/v1/policies/:id/preview',
  tag: 'policies',
  summary: 'Try a policy on the alerts of the last days',
  description:
    'Also as it would be with another mode or another text. Nothing is kept and nobody is blocked. At most the newest 20,000 alerts of seven days; one at a time, 429 while another runs.',
  permission: 'policies.manage',
  rateLimit: 'write',
  audit: { action: 'policy.tried', resource: 'policy', when: 'refused' },
  params: idParams,
  body: z
    .strictObject({
      mode: modeSchema.optional(),
      days: z.int().min(1).max(7).optional(),
      source: z.string().max(65_536).optional(),
      ruleId: line(128).optional(),
    })
    .meta({ examples: [{ mode: 'enforce', days: 7 }] }),
  answer: { status: 200, description: 'What would have happened', schema: policyPreviewSchema },
  handler: async ({ params, body, principal, services }) => {
    const preview = await services.policies.preview(params.id, body)
    // examples name users: who may not see names sees numbers
    return services.namesFor(principal).hides ? { ...preview, examples: [] } : preview
  },
})
