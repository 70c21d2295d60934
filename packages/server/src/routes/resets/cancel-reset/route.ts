import { defineRoute } from '../../../http/define-route.js'
import { authorOf } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'
import { campaignSchema } from '../../../http/subject-schemas.js'

/** Takes a campaign back: old passwords work again. */
export const cancelReset = defineRoute({
  id: 'cancelReset',
  method: 'POST',
  url: '/v1/resets/:id/cancel',
  tag: 'resets',
  summary: 'Cancel a campaign of password resets',
  description: 'Its decisions are taken back and no more mails are sent. Sessions that it ended stay ended.',
  permission: 'subjects.write',
  rateLimit: 'write',
  audit: { action: 'reset.cancelled', resource: 'reset' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  answer: { status: 200, description: 'The campaign as it is now', schema: campaignSchema },
  handler: async ({ params, principal, services, audit }) => {
    audit.id = params.id
    const campaign = await services.resetCampaigns.cancel(params.id, authorOf(principal))
    return services.namesFor(principal).campaign(campaign)
  },
})
