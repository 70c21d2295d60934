import { type DecisionPreview, DAY, isParapetError } from '@parapet/core'
import { validateRequest } from '@parapet/respond'
import { decisionPreviewSchema, decisionRequestSchema } from '../../../http/enforcement-schemas.js'
import { defineRoute } from '../../../http/define-route.js'

/** What a decision by hand would meet with, before it is made. */
export const previewDecision = defineRoute({
  id: 'previewDecision',
  method: 'POST',
  url: '/v1/decisions/preview',
  tag: 'decisions',
  summary: 'See what a decision would hit',
  description:
    'Addresses and events of the last seven days on the target, and who signed in from there; or why it would be refused. Nothing is done.',
  permission: 'decisions.write',
  rateLimit: 'write',
  audit: { action: 'decision.tried', resource: 'decision', when: 'refused' },
  body: decisionRequestSchema,
  answer: { status: 200, description: 'What it would meet with', schema: decisionPreviewSchema },
  handler: async ({ body, principal, services }) => {
    const now = services.clock()
    const since = now - 7 * DAY
    let refused: string | null = null
    let target = body.target
    try {
      target = validateRequest(body, services.protectedTargets, now).target
    } catch (error) {
      if (!isParapetError(error)) throw error
      refused = error.detail ?? error.message
    }
    const met = await services.decisionImpact(target, since)
    const { hides } = services.namesFor(principal)
    const preview: DecisionPreview = { request: body, refused, since, ...met, examples: hides ? [] : met.examples }
    return preview
  },
})
