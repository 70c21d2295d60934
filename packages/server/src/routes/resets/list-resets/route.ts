import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { campaignSchema } from '../../../http/subject-schemas.js'

/** Campaigns of resets, newest first. */
export const listResets = defineRoute({
  id: 'listResets',
  method: 'GET',
  url: '/v1/resets',
  tag: 'resets',
  summary: 'List campaigns of password resets',
  permission: 'subjects.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'The newest 50', schema: z.object({ items: z.array(campaignSchema) }) },
  handler: async ({ principal, services }) => {
    const { campaign } = services.namesFor(principal)
    return { items: (await services.resetCampaigns.list()).map(campaign) }
  },
})
