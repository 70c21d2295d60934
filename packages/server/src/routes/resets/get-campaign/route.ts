import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'
import { campaignSchema } from '../../../http/subject-schemas.js'

/** How far a campaign is. */
export const getCampaign = defineRoute({
  id: 'getResetCampaign',
  method: 'GET',
  url: '/v1/resets/:id',
  tag: 'resets',
  summary: 'Show how far a campaign of password resets is',
  permission: 'subjects.read',
  rateLimit: 'read',
  audit: 'none',
  params: idParams,
  answer: { status: 200, description: 'The campaign', schema: campaignSchema },
  handler: async ({ params, principal, services }) => services.namesFor(principal).campaign(await services.resetCampaigns.get(params.id)),
})
