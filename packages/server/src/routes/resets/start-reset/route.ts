import { defineRoute } from '../../../http/define-route.js'
import { authorOf } from '../../../http/principal.js'
import { campaignSchema, resetRequestSchema } from '../../../http/subject-schemas.js'

/** Makes users set new passwords: everybody, a role, or some. */
export const startReset = defineRoute({
  id: 'startReset',
  method: 'POST',
  url: '/v1/resets',
  tag: 'resets',
  summary: 'Make users set new passwords',
  description:
    'Ends their sessions, remembered devices and API keys; their old passwords are refused until each has set a new one by the application’s verified reset. With `dryRun` nothing is done and the counts are answered.',
  permission: 'subjects.write',
  rateLimit: 'write',
  audit: { action: 'reset.started', resource: 'reset' },
  stepUp: { tokens: 'exempt' },
  body: resetRequestSchema,
  answer: { status: 200, description: 'The campaign', schema: campaignSchema },
  handler: async ({ body, principal, services, audit }) => {
    const { scope } = body
    audit.reason = body.reason
    audit.detail = {
      scope: scope.kind,
      ...(scope.kind === 'role' ? { role: scope.role } : {}),
      mail: body.mail,
      dryRun: body.dryRun === true,
    }
    const campaign = await services.resetCampaigns.start(body, authorOf(principal))
    audit.id = campaign.id
    audit.detail = { ...audit.detail, subjects: campaign.subjects }
    return campaign
  },
})
